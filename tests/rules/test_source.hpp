#pragma once
// Plays the driver for one rule: gives out exactly what the rule said it needs, in windows of the
// requested layout, and notices what a rule must not do.

#include <limits>
#include <map>
#include <set>
#include <stdexcept>

#include "one_op.hpp"
#include "vjp/pull.hpp"
#include "vjp/weights.hpp"

namespace llmx::test {

/// How windows lie in their roots: dense; rows with a gap behind each; extents 1 and 2 swapped, with gaps.
enum class Window { dense, gaps, swapped };

/// An array in memory through a window. Gaps hold a value that nobody may change.
class Windowed {
public:
    static constexpr float gap_value = 12345.0F;

    Windowed(Windowed&&) = default;  // the memory moves along; a copy's view would point into the original
    Windowed& operator=(Windowed&&) = default;
    Windowed(const Shape& shape, Window window) {
        const std::int64_t gap = window == Window::dense ? 0 : 3;
        Shape strides = dense_strides(shape);
        if (gap > 0) {
            const std::int64_t row = shape[3] + gap;
            strides = window == Window::swapped ? Shape{shape[1] * shape[2] * row, row, shape[1] * row, 1}
                                                : Shape{shape[1] * shape[2] * row, shape[2] * row, row, 1};
        }
        memory_.assign(static_cast<std::size_t>(shape[0] * shape[1] * shape[2] * (shape[3] + gap)),
                       gap_value);
        view_ = {memory_.data(), shape, strides};
    }
    Windowed(const Array& values, Window window) : Windowed(values.shape, window) {
        for (std::int64_t r = 0; r < values.rows(); ++r) {
            for (std::int64_t c = 0; c < values.columns(); ++c) {
                view_.row(r)[c] = static_cast<float>(values.row(r)[c]);
            }
        }
    }

    [[nodiscard]] const TensorView<float>& view() const { return view_; }
    [[nodiscard]] TensorView<const float> values() const { return {view_.data, view_.shape, view_.strides}; }
    [[nodiscard]] Array array() const {
        Array out(view_.shape);
        for (std::int64_t r = 0; r < out.rows(); ++r) std::copy_n(view_.row(r), out.columns(), out.row(r));
        return out;
    }
    [[nodiscard]] bool gaps_untouched() const {
        std::set<const float*> inside;
        for (std::int64_t r = 0; r < view_.rows(); ++r) {
            for (std::int64_t c = 0; c < view_.columns(); ++c) inside.insert(view_.row(r) + c);
        }
        for (const float& x : memory_) {
            if (!inside.contains(&x) && x != gap_value) return false;
        }
        return true;
    }

private:
    std::vector<float> memory_;
    TensorView<float> view_;
};

class TestSource : public vjp::PullSource {
public:
    /// `start`: what the sinks hold before; sinks without a start are fresh.
    TestSource(const OneOp& op, const vjp::Node& node, const vjp::SavedValues& saved, const Array& output,
               Window window, const std::map<int, Array>& start, vjp::Weights& weights)
        : node_(node), saved_(saved), weights_(weights), output_(output, window) {
        for (int i = 0; i < op.sources(); ++i) {
            if (!node.has(i)) continue;
            const Array& values = op.inputs()[static_cast<std::size_t>(op.input_of(i))];
            values_.emplace(i, Windowed(values, window));
            // 64-bit indices are read by their low halves: two int32 apart
            auto& ids = indices_[i];
            for (const double x : values.v) {
                ids.push_back(x > -1e9 && x < 1e9 ? static_cast<std::int32_t>(x) : 0);
                ids.push_back(-1);
            }
            if (!node.wants(i)) continue;
            const auto found = start.find(i);
            if (found != start.end()) {
                sinks_.emplace(i, Windowed(found->second, window));
            } else {
                Array nothing(values.shape);
                std::fill(nothing.v.begin(), nothing.v.end(), std::numeric_limits<double>::quiet_NaN());
                sinks_.emplace(i, Windowed(nothing, window));
                fresh_.insert(i);
            }
        }
    }

    TensorView<const float> value(int i) override {
        require_kept(i);
        return values_.at(i).values();
    }
    TensorView<const std::int32_t> indices(int i) override {
        require_kept(i);
        const Shape& shape = node_.source(i).shape;
        const Shape dense = dense_strides(shape);
        return {indices_.at(i).data(), shape, {2 * dense[0], 2 * dense[1], 2 * dense[2], 2}};
    }
    TensorView<const float> output() override {
        if (!saved_.output)
            throw std::logic_error("the rule reads its output, which it did not ask to be kept");
        return output_.values();
    }
    vjp::Sink sink(int i) override {
        if (!node_.wants(i)) throw std::logic_error("the rule asks for a sink that nobody wants");
        if (!asked_.insert(i).second) throw std::logic_error("the rule asks twice for a sink");
        const auto shared = shared_.find(i);
        if (shared != shared_.end()) return {sinks_.at(shared->second).view(), false};
        return {sinks_.at(i).view(), fresh_.contains(i)};
    }
    vjp::Weights& weights() override { return weights_; }

    /// Source i lies in the same window as source `with`.
    void share(int i, int with) { shared_[i] = with; }

    [[nodiscard]] const Windowed& result(int i) const { return sinks_.at(i); }
    [[nodiscard]] bool asked(int i) const { return asked_.contains(i); }

private:
    void require_kept(int i) const {
        const engine::TensorRole role = node_.source(i).role;
        const bool given = role == engine::TensorRole::weight || role == engine::TensorRole::input;
        if (!given && (saved_.sources >> static_cast<unsigned>(i) & 1U) == 0) {
            throw std::logic_error("the rule reads source " + std::to_string(i) +
                                   ", which it did not ask to be kept");
        }
    }

    const vjp::Node& node_;
    vjp::SavedValues saved_;
    vjp::Weights& weights_;
    Windowed output_;
    std::map<int, Windowed> values_;
    std::map<int, std::vector<std::int32_t>> indices_;
    std::map<int, Windowed> sinks_;
    std::set<int> fresh_, asked_;
    std::map<int, int> shared_;
};

}  // namespace llmx::test
