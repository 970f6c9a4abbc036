#pragma once
// A case made real: random sources, ggml's own result, and the node as a rule sees it.

#include <memory>

#include "case.hpp"
#include "vjp/rule.hpp"

namespace llmx::test {

class OneOp {
public:
    /// Builds the sources and, where `compute`, runs ggml's CPU forward. Throws std::runtime_error
    /// where ggml cannot.
    OneOp(const Case& c, unsigned seed, bool compute = true);

    [[nodiscard]] const Inputs& inputs() const { return inputs_; }  ///< as stored: rounded to their types
    [[nodiscard]] const Array& output() const { return output_; }   ///< ggml's
    [[nodiscard]] vjp::Node node(std::uint32_t wanted) const {
        return {graph_, graph_.tensors.back(), wanted};
    }
    [[nodiscard]] engine::Graph& graph() { return graph_; }
    [[nodiscard]] const engine::Graph& graph() const { return graph_; }

    /// The input behind source i of the node (SET_ROWS and CPY reorder theirs).
    [[nodiscard]] int input_of(int source) const { return input_of_[static_cast<std::size_t>(source)]; }
    [[nodiscard]] int sources() const { return static_cast<int>(input_of_.size()); }

private:
    struct FreeContext {
        void operator()(ggml_context* context) const { ggml_free(context); }
    };
    std::unique_ptr<ggml_context, FreeContext> context_;
    Inputs inputs_;
    Array output_;
    engine::Graph graph_;
    std::vector<int> input_of_;
};

Shape shape_of(const ggml_tensor* tensor);

}  // namespace llmx::test
