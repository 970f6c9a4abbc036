#include "tape/tape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <llmx/error.hpp>
#include <mutex>
#include <optional>

#include "core/parallel.hpp"

namespace llmx::tape {

namespace {

bool is_integer(const engine::TensorInfo& tensor) { return tensor.type == "i32" || tensor.type == "i64"; }

template <class T>
TensorView<const T> window(const void* root, const engine::TensorInfo& tensor) {
    return {static_cast<const T*>(root) + tensor.offset, tensor.shape, tensor.strides};
}

}  // namespace

/// A large mask, one bit for each of its values.
class StoredMask {
public:
    explicit StoredMask(MaskBits bits) : bits_(std::move(bits)) {}
    [[nodiscard]] const MaskBits& bits() const { return bits_; }

    /// As floats, from the first time on that anybody asks for them.
    [[nodiscard]] const float* floats() const {
        const std::lock_guard lock(mutex_);
        if (floats_.empty()) {
            floats_.resize(static_cast<std::size_t>(bits_.size()));
            bits_.expand(0, bits_.size(), floats_.data());
        }
        return floats_.data();
    }

private:
    MaskBits bits_;
    mutable std::mutex mutex_;
    mutable std::vector<float> floats_;
};

namespace {

/// Is it worth looking whether it can be kept as bits?
bool may_be_mask(const engine::TensorInfo& root) {
    constexpr std::int64_t least = 1 << 10;
    return root.role == engine::TensorRole::input && root.type == "f32" && root.elements() >= least;
}

}  // namespace

std::size_t bytes_of(const engine::Graph& graph, ValueKey key) {
    constexpr std::size_t line = 64;  // as the arena aligns
    const engine::TensorInfo& root = graph.at(key.root);
    const auto elements = static_cast<std::size_t>(root.elements());
    const std::size_t bytes = may_be_mask(root) ? elements / 8 : elements * sizeof(float);
    return (bytes + line - 1) / line * line;
}

Tape::Tape(std::shared_ptr<const engine::Graph> graph, std::vector<std::shared_ptr<Arena>> arenas)
    : graph_(std::move(graph)), arenas_(std::move(arenas)), lineage_(*graph_) {}

const void* Tape::stored(ValueKey key, const engine::TensorInfo& tensor) const {
    if (const auto mask = masks_.find(key); mask != masks_.end()) return mask->second->floats();
    const auto found = values_.find(key);
    if (found == values_.end()) {
        throw Error(ErrorCode::internal, fmt::format("tape: the value of {} as node {} left it was not kept",
                                                     describe(tensor), key.version));
    }
    return found->second;
}

TensorView<const float> Tape::value(ValueKey key, const engine::TensorInfo& tensor) const {
    return window<float>(stored(key, tensor), tensor);
}

TensorView<const float> Tape::read_by(int tensor, int reader) const {
    const engine::TensorInfo& info = graph_->at(tensor);
    return value(lineage_.read_by(tensor, reader), info);
}

TensorView<const std::int32_t> Tape::indices_read_by(int tensor, int reader) const {
    const engine::TensorInfo& info = graph_->at(tensor);
    return window<std::int32_t>(stored(lineage_.read_by(tensor, reader), info), info);
}

MaskView Tape::mask_read_by(int tensor, int reader) const {
    const engine::TensorInfo& info = graph_->at(tensor);
    const auto mask = masks_.find(lineage_.read_by(tensor, reader));
    if (mask == masks_.end()) return read_by(tensor, reader);
    return {mask->second->bits(), info.offset, info.shape, info.strides};
}

TensorView<const float> Tape::written_by(int node) const {
    const engine::TensorInfo& info = graph_->at(graph_->nodes[static_cast<std::size_t>(node)]);
    return value(lineage_.written_by(node), info);
}

std::span<const float> Tape::all(ValueKey key) const {
    const engine::TensorInfo& root = graph_->at(key.root);
    return {static_cast<const float*>(stored(key, root)), static_cast<std::size_t>(root.elements())};
}

/// Copies values out of a running pass.
class Recorder : public engine::Watcher {
public:
    Recorder(Tape& tape, const engine::Session& session, const Recording& recording)
        : tape_(tape), session_(session), recording_(recording), by_version_(tape.graph().nodes.size()) {
        for (const Keeps* keeps : {&recording.keeps, recording.lasting}) {
            if (keeps == nullptr) continue;
            for (const ValueKey& key : *keeps) {
                if (key.version >= 0) by_version_[static_cast<std::size_t>(key.version)].push_back(key.root);
            }
        }
    }

    [[nodiscard]] bool wants(int node) const override {
        return !by_version_[static_cast<std::size_t>(node)].empty();
    }

    void before(int node) override {
        const engine::TensorInfo& info =
            tape_.graph().at(tape_.graph().nodes[static_cast<std::size_t>(node)]);
        for (const int source : info.sources) {
            if (source < 0) continue;
            const ValueKey key = tape_.lineage().read_by(source, node);
            if (key.version >= 0) continue;
            const engine::TensorRole role = tape_.graph().at(key.root).role;
            if (role == engine::TensorRole::input || recording_.keeps.contains(key)) keep(key);
        }
    }

    bool computed(int node) override {
        for (const int root : by_version_[static_cast<std::size_t>(node)]) keep({root, node});
        return true;
    }

private:
    void keep(ValueKey key) {
        if (tape_.has(key)) return;
        const engine::TensorInfo& root = tape_.graph().at(key.root);
        const engine::TensorBytes bytes = session_.bytes(key.root);
        if (bytes.data == nullptr) return;  // an input that this pass does not use
        if (may_be_mask(root) && keep_as_mask(key, bytes, root.elements())) return;
        const bool lasts = recording_.lasting != nullptr && recording_.lasting->contains(key);
        Arena& arena = lasts ? *recording_.lasting_arena : *recording_.arena;
        void* copy = arena.take(static_cast<std::size_t>(root.elements()) * sizeof(float));
        copy_in(root, bytes, copy);
        tape_.values_.emplace(key, copy);
    }

    bool keep_as_mask(ValueKey key, engine::TensorBytes bytes, std::int64_t elements) {
        std::optional<MaskBits> bits =
            MaskBits::of({static_cast<const float*>(bytes.data), static_cast<std::size_t>(elements)});
        if (!bits) return false;
        tape_.masks_.emplace(key, std::make_shared<const StoredMask>(std::move(*bits)));
        return true;
    }

    void copy_in(const engine::TensorInfo& root, engine::TensorBytes bytes, void* copy) const {
        const std::int64_t count = root.elements();
        if (root.type == "i64") {
            const auto* wide = static_cast<const std::int64_t*>(bytes.data);
            std::transform(wide, wide + count, static_cast<std::int32_t*>(copy),
                           [](std::int64_t x) { return static_cast<std::int32_t>(x); });
        } else if (is_integer(root) || root.type == "f32") {
            // most of the time goes into page faults on fresh memory, so all threads share them
            constexpr std::int64_t page = 1024;
            const auto* from = static_cast<const float*>(bytes.data);
            parallel_blocks(session_.threads(), (count + page - 1) / page, [&](auto first, auto last) {
                std::copy(from + first * page, from + std::min(last * page, count),
                          static_cast<float*>(copy) + first * page);
            });
        } else {
            engine::to_float32(bytes.data, root.type, count, static_cast<float*>(copy));
        }
    }

    Tape& tape_;
    const engine::Session& session_;
    const Recording& recording_;
    std::vector<std::vector<int>> by_version_;
};

namespace {

/// Runs a part of the pass, with given values in place of what comes before.
class PartRunner : public engine::Watcher {
public:
    PartRunner(engine::Session& session, engine::Watcher& recorder, const Part& part)
        : session_(session), recorder_(recorder), part_(part) {
        if (part.given == nullptr) return;
        for (const ValueKey& key : *part.given) given_.emplace(key.version, key.root);
    }
    [[nodiscard]] bool wants(int node) const override {
        return node == part_.last || given_.contains(node) || recorder_.wants(node);
    }
    [[nodiscard]] bool runs(int node) const override {
        return part_.runs == nullptr || (*part_.runs)[static_cast<std::size_t>(node)];
    }
    void before(int node) override { recorder_.before(node); }
    bool computed(int node) override {
        if (const auto found = given_.find(node); found != given_.end()) {
            const std::span<const float> values = part_.values->all({found->second, node});
            session_.change(found->second, [&](std::span<float> memory) {
                std::copy(values.begin(), values.end(), memory.begin());
            });
        }
        return recorder_.computed(node) && node != part_.last;
    }

private:
    engine::Session& session_;
    engine::Watcher& recorder_;
    const Part& part_;
    std::map<int, int> given_;  // node -> root
};

}  // namespace

Tape record(engine::Session& session, const engine::PassInput& input,
            std::shared_ptr<const engine::Graph> graph, const Recording& recording) {
    Tape tape(std::move(graph), {recording.arena, recording.lasting_arena});
    Recorder recorder(tape, session, recording);
    session.run(input, tape.graph(), recorder);
    return tape;
}

Tape record_part(engine::Session& session, const engine::PassInput& input,
                 std::shared_ptr<const engine::Graph> graph, const Recording& recording, const Part& part) {
    Tape tape(std::move(graph), {recording.arena});
    Recorder recorder(tape, session, recording);
    PartRunner runner(session, recorder, part);
    session.run(input, tape.graph(), runner);
    return tape;
}

}  // namespace llmx::tape
