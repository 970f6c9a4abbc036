#pragma once
// Hides rows from attention: masks out their keys in every attention of a pass.

#include <set>
#include <string>
#include <vector>

#include "engine/pass/pass.hpp"

struct ggml_tensor;

namespace llmx::engine {

/// llama.cpp fills in the masks of a pass before its first node runs, and every softmax reads one: there the
/// hidden rows' columns become -infinity. A hidden row still attends to itself. A decoder reads zero from a
/// source that is completely hidden.
class KeyMask {
public:
    KeyMask() = default;
    explicit KeyMask(const PassInput& input);

    [[nodiscard]] bool hides() const { return !hidden_.empty(); }
    /// A sub-pass begins, with masks of its own.
    void begin(const SubPass& part);
    /// A node is about to run.
    void before(const ggml_tensor* node);
    /// Must `after` see the node once it has run?
    [[nodiscard]] bool blinds(const ggml_tensor* node) const;
    void after(ggml_tensor* node) const;
    /// Throws Error{unsupported} for an attention, or a whole sub-pass, that has no mask to edit.
    void check() const;
    /// An error is waiting to be thrown.
    [[nodiscard]] bool failed() const { return !failure_.empty(); }

private:
    void edit(const ggml_tensor* softmax, ggml_tensor* mask);
    void hide(char* mask, std::size_t row_bytes, std::int64_t keys, int first) const;
    /// The row of the first key, -1 for a mask that is not understood.
    [[nodiscard]] int first_key(const ggml_tensor* mask) const;

    std::vector<bool> hidden_;  // of all rows
    int source_ = 0;
    bool source_hidden_ = false;  // all of it
    SubPass part_;
    std::set<const ggml_tensor*> edited_;
    std::set<const ggml_tensor*> blind_;  // masks that leave no key
    std::string failure_;
};

}  // namespace llmx::engine
