#include "engine/pass/key_mask.hpp"

#include <fmt/format.h>
#include <ggml-backend.h>
#include <ggml.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <llmx/error.hpp>

#include "engine/pass/scheduler_copy.hpp"
#include "engine/servers/remote.hpp"

namespace llmx::engine {

namespace {

ggml_tensor* root_of(ggml_tensor* tensor) {
    while (tensor->view_src != nullptr) tensor = tensor->view_src;
    return tensor;
}

std::string named(const ggml_tensor* node) {
    return fmt::format("{} \"{}\"", ggml_op_name(node->op), node->name);
}

}  // namespace

KeyMask::KeyMask(const PassInput& input) {
    if (input.hidden.empty()) return;
    source_ = static_cast<int>(input.source.size());
    hidden_.assign(static_cast<std::size_t>(input.rows()), false);
    for (const int row : input.hidden) hidden_[static_cast<std::size_t>(row)] = true;
    source_hidden_ = source_ > 0 && std::find(hidden_.begin(), hidden_.begin() + source_, false) ==
                                        hidden_.begin() + source_;
}

void KeyMask::begin(const SubPass& part) {
    part_ = part;
    edited_.clear();
    blind_.clear();
}

int KeyMask::first_key(const ggml_tensor* mask) const {
    const std::int64_t keys = mask->ne[0];
    if (mask->type != GGML_TYPE_F32 || mask->ne[1] != part_.rows || mask->ne[2] * mask->ne[3] != 1) return -1;
    if (part_.encodes) return keys == part_.rows ? part_.first_row : -1;
    // a memory that was empty has one cell a row, from the first one on
    if (original_name(mask) == "attn_inp_kq_mask")
        return keys >= part_.first_row - source_ + part_.rows ? source_ : -1;
    return source_ > 0 && keys == source_ ? 0 : -1;
}

void KeyMask::before(const ggml_tensor* node) {
    if (failed()) return;
    if (node->op == GGML_OP_FLASH_ATTN_EXT) {
        failure_ = named(node) + " is attention in one piece";
    } else if (node->op == GGML_OP_SOFT_MAX) {
        if (node->src[1] != nullptr) {
            edit(node, root_of(node->src[1]));
        } else if (std::string_view(node->name).starts_with("kq_soft_max")) {  // not the router of experts
            failure_ = named(node) + " has no mask";
        }
    }
}

void KeyMask::edit(const ggml_tensor* softmax, ggml_tensor* mask) {
    if (edited_.contains(mask)) return;
    const int first = mask->op == GGML_OP_NONE && mask->data != nullptr ? first_key(mask) : -1;
    if (first < 0) {
        failure_ = named(softmax) + " has a mask that is not one column a token";
        return;
    }
    edited_.insert(mask);
    const bool of_source = !part_.encodes && source_ > 0 && first == 0;
    if (of_source && source_hidden_) blind_.insert(mask);
    change_bytes(mask, [&](char* bytes) { hide(bytes, mask->nb[1], mask->ne[0], first); });
}

void KeyMask::hide(char* mask, std::size_t row_bytes, std::int64_t keys, int first) const {
    for (int q = 0; q < part_.rows; ++q) {
        auto* row = reinterpret_cast<float*>(mask + static_cast<std::size_t>(q) * row_bytes);
        for (int key = 0; key < keys; ++key) {
            const int hidden = first + key;  // cells beyond the text are masked already
            if (hidden < static_cast<int>(hidden_.size()) && hidden != part_.first_row + q &&
                hidden_[static_cast<std::size_t>(hidden)])
                row[key] = -INFINITY;
        }
    }
}

bool KeyMask::blinds(const ggml_tensor* node) const {
    return node->op == GGML_OP_SOFT_MAX && node->src[1] != nullptr && blind_.contains(root_of(node->src[1]));
}

void KeyMask::after(ggml_tensor* node) const {
    change_bytes(node, [node](char* bytes) { std::memset(bytes, 0, ggml_nbytes(node)); });
}

void KeyMask::check() const {
    if (!failed() && !edited_.empty()) return;
    throw Error(ErrorCode::unsupported,
                fmt::format("attention_mask: {}; expected baseline token or deletion",
                            failed() ? failure_ : "the model's graph has no softmax attention"));
}

}  // namespace llmx::engine
