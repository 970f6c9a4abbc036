#pragma once
// Rows that no token attends to: their keys are masked out of every attention of a pass.

#include <set>
#include <string>
#include <vector>

#include "engine/pass/pass.hpp"

struct ggml_tensor;

namespace llmx::engine {

/// llama.cpp fills in the masks of a pass before its first node runs, and every softmax reads one: there the
/// hidden rows' columns become -infinity. A row that is hidden still attends to itself. From a source that is
/// hidden altogether a decoder reads zero.
class KeyMask {
public:
    KeyMask() = default;
    explicit KeyMask(const PassInput& input);

    [[nodiscard]] bool hides() const { return !hidden_.empty(); }
    /// A sub-pass begins, with masks of its own.
    void begin(const SubPass& part);
    /// A node is about to run.
    void before(const ggml_tensor* node);
    /// Must `after` see the node when it has run?
    [[nodiscard]] bool blinds(const ggml_tensor* node) const;
    void after(ggml_tensor* node) const;
    /// Throws Error{unsupported} for an attention, or a whole sub-pass, that has no mask to edit.
    void check() const;
    /// There is something to throw.
    [[nodiscard]] bool failed() const { return !failure_.empty(); }

private:
    void edit(const ggml_tensor* softmax, ggml_tensor* mask);
    void hide(char* mask, std::size_t row_bytes, std::int64_t keys, int first) const;
    /// The row that the first key stands for, -1 for a mask that is not understood.
    [[nodiscard]] int first_key(const ggml_tensor* mask) const;

    std::vector<bool> hidden_;  // of all rows
    int source_ = 0;
    bool source_hidden_ = false;  // all of it
    SubPass part_;
    std::set<const ggml_tensor*> edited_;
    std::set<const ggml_tensor*> blind_;  // masks that leave nothing
    std::string failure_;
};

}  // namespace llmx::engine
