#include "model_cache.hpp"

#include <algorithm>

#include "request/carry_out.hpp"
#include "request/json.hpp"

namespace llmx::cli {

Model ModelCache::get(const ExplainRequest& request, Activity& activity) {
    const std::string key = request::model_key(request);
    const std::lock_guard lock(mutex_);  // while loading too: two need not load the same model
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.key == key; });
    if (found != entries_.end()) {
        entries_.splice(entries_.begin(), entries_, found);
        return entries_.front().model;
    }
    // Room is made first; whoever still works with a model keeps it until then.
    while (entries_.size() >= most) entries_.pop_back();
    entries_.push_front({key, request::load_model(request, activity)});
    return entries_.front().model;
}

std::uint64_t ModelCache::bytes() const {
    const std::lock_guard lock(mutex_);
    std::uint64_t sum = 0;
    for (const Entry& e : entries_) sum += e.model.facts().bytes;
    return sum;
}

}  // namespace llmx::cli
