#include "model_cache.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace llmx::cli {
namespace {

/// What `load_model` reads.
std::string key_of(const ExplainOptions& options, const ExplainInputs& inputs) {
    nlohmann::json key = {options.model, options.threads, inputs.chat_template.value_or(""),
                          options.qa_head.value_or(""), options.rpc};
    for (const std::string& lora : options.lora) key.push_back(lora);
    return key.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Model ModelCache::get(const ExplainOptions& options, const ExplainInputs& inputs, Activity& activity) {
    const std::string key = key_of(options, inputs);
    const std::lock_guard lock(mutex_);  // while loading too: two need not load the same model
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.key == key; });
    if (found != entries_.end()) {
        entries_.splice(entries_.begin(), entries_, found);
        return entries_.front().model;
    }
    // Room is made first; whoever still works with a model keeps it until then.
    while (entries_.size() >= most) entries_.pop_back();
    entries_.push_front({key, load_model(options, inputs, activity)});
    return entries_.front().model;
}

std::uint64_t ModelCache::bytes() const {
    const std::lock_guard lock(mutex_);
    std::uint64_t sum = 0;
    for (const Entry& e : entries_) sum += e.model.facts().bytes;
    return sum;
}

}  // namespace llmx::cli
