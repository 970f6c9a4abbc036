#include "tape/tape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <llmx/error.hpp>

namespace llmx::tape {

namespace {

bool is_integer(const engine::TensorInfo& tensor) { return tensor.type == "i32" || tensor.type == "i64"; }

template <class T>
TensorView<const T> window(const void* root, const engine::TensorInfo& tensor) {
    return {static_cast<const T*>(root) + tensor.offset, tensor.shape, tensor.strides};
}

}  // namespace

std::size_t bytes_of(const engine::Graph& graph, ValueKey key) {
    return static_cast<std::size_t>(graph.at(key.root).elements()) * sizeof(float);
}

Tape::Tape(std::shared_ptr<const engine::Graph> graph, std::shared_ptr<Arena> arena)
    : graph_(std::move(graph)), arena_(std::move(arena)), lineage_(*graph_) {}

const void* Tape::stored(ValueKey key, const engine::TensorInfo& tensor) const {
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

TensorView<const float> Tape::written_by(int node) const {
    const engine::TensorInfo& info = graph_->at(graph_->nodes[static_cast<std::size_t>(node)]);
    return value(lineage_.written_by(node), info);
}

/// Copies values out of a running pass.
class Recorder : public engine::Watcher {
public:
    Recorder(Tape& tape, const engine::Session& session, const Keeps& keeps, int last)
        : tape_(tape), session_(session), keeps_(keeps), last_(last), by_version_(tape.graph().nodes.size()) {
        for (const ValueKey& key : keeps) {
            if (key.version >= 0) by_version_[static_cast<std::size_t>(key.version)].push_back(key.root);
        }
    }

    [[nodiscard]] bool wants(int node) const override {
        return node == last_ || !by_version_[static_cast<std::size_t>(node)].empty();
    }

    void before(int node) override {
        const engine::TensorInfo& info =
            tape_.graph().at(tape_.graph().nodes[static_cast<std::size_t>(node)]);
        for (const int source : info.sources) {
            if (source < 0) continue;
            const ValueKey key = tape_.lineage().read_by(source, node);
            if (key.version >= 0) continue;
            const engine::TensorRole role = tape_.graph().at(key.root).role;
            if (role == engine::TensorRole::input || keeps_.contains(key)) keep(key);
        }
    }

    bool computed(int node) override {
        for (const int root : by_version_[static_cast<std::size_t>(node)]) keep({root, node});
        return node != last_;
    }

private:
    void keep(ValueKey key) {
        if (tape_.has(key)) return;
        const engine::TensorInfo& root = tape_.graph().at(key.root);
        const engine::TensorBytes bytes = session_.bytes(key.root);
        if (bytes.data == nullptr) return;  // an input that this pass does not use
        void* copy = tape_.arena_->take(bytes_of(tape_.graph(), key));
        copy_in(root, bytes, copy);
        tape_.values_.emplace(key, copy);
    }

    static void copy_in(const engine::TensorInfo& root, engine::TensorBytes bytes, void* copy) {
        const std::int64_t count = root.elements();
        if (root.type == "i64") {
            const auto* wide = static_cast<const std::int64_t*>(bytes.data);
            std::transform(wide, wide + count, static_cast<std::int32_t*>(copy),
                           [](std::int64_t x) { return static_cast<std::int32_t>(x); });
        } else if (is_integer(root) || root.type == "f32") {
            std::memcpy(copy, bytes.data, static_cast<std::size_t>(count) * sizeof(float));
        } else {
            engine::to_float32(bytes.data, root.type, count, static_cast<float*>(copy));
        }
    }

    Tape& tape_;
    const engine::Session& session_;
    const Keeps& keeps_;
    int last_;
    std::vector<std::vector<int>> by_version_;
};

Tape record(engine::Session& session, const engine::PassInput& input,
            std::shared_ptr<const engine::Graph> graph, const Keeps& keeps, std::shared_ptr<Arena> arena,
            int last) {
    Tape tape(std::move(graph), std::move(arena));
    Recorder recorder(tape, session, keeps, last);
    session.run(input, &tape.graph(), &recorder);
    return tape;
}

}  // namespace llmx::tape
