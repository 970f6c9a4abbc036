#include "engine/pass/scheduler_copy.hpp"

namespace llmx::engine {

bool is_scheduler_copy(const ggml_tensor* tensor) {
    return tensor->op == GGML_OP_NONE && tensor->view_src == nullptr &&
           std::string_view(tensor->name).find('#') != std::string_view::npos;
}

std::string_view original_name(const ggml_tensor* tensor) {
    std::string_view name = tensor->name;
    if (!is_scheduler_copy(tensor)) return name;
    name.remove_prefix(name.find('#') + 1);
    return name.substr(0, name.rfind('#'));
}

bool may_copy(const ggml_tensor* copy, std::string_view name) {
    const std::string_view original = original_name(copy);
    const bool cut = std::string_view(copy->name).size() == GGML_MAX_NAME - 1;
    return cut ? name.starts_with(original) : name == original;
}

}  // namespace llmx::engine
