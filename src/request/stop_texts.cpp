#include "request/stop_texts.hpp"

#include <algorithm>
#include <utility>

namespace llmx::request {

/// Before the longest end that one of the texts begins with.
std::size_t StopTexts::shown_end() const {
    std::size_t end = text_.size();
    for (const std::string& stop : texts_) {
        for (std::size_t size = std::min(stop.size() - 1, text_.size()); size > 0; --size) {
            if (!std::string_view(text_).ends_with(std::string_view(stop).substr(0, size))) continue;
            end = std::min(end, text_.size() - size);
            break;
        }
    }
    return std::max(end, shown_);
}

std::string StopTexts::add(std::string_view piece) {
    const std::size_t before = text_.size();
    text_ += piece;
    ends_.push_back(text_.size());
    for (const std::string& stop : texts_) {
        const std::size_t from = before > stop.size() ? before - stop.size() : 0;
        const std::size_t found = text_.find(stop, from);
        if (found != std::string::npos) at_ = std::min(at_.value_or(found), found);
    }
    const std::size_t end = at_ ? std::max(*at_, shown_) : shown_end();
    std::string shown = text_.substr(shown_, end - shown_);
    shown_ = end;
    return shown;
}

std::string StopTexts::rest() { return at_ ? "" : text_.substr(std::exchange(shown_, text_.size())); }

void StopTexts::cut(Generation& answer) const {
    if (!at_) return;
    std::size_t tokens = 1;
    while (tokens < ends_.size() && ends_[tokens - 1] < *at_) ++tokens;
    answer.ids.resize(std::min(answer.ids.size(), tokens));
    answer.text.resize(std::min(answer.text.size(), *at_));
    answer.ended = true;
}

}  // namespace llmx::request
