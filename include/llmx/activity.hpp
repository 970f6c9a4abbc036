#pragma once
// Progress and cancellation of one request.

#include <string_view>

#include <llmx/export.hpp>
#include <llmx/progress.hpp>

namespace llmx {

/// What a request reports while it is carried out. The default reports nothing and never cancels.
class LLMX_API Activity {
public:
    Activity() = default;
    virtual ~Activity() = default;
    Activity(const Activity&) = delete;
    Activity& operator=(const Activity&) = delete;

    /// Called with the stage and the part done; false cancels. It refers to this object.
    virtual Progress progress() { return {}; }
    /// Called with the text of the answer as it is written.
    virtual void stream(std::string_view /*text*/) {}
    /// Called when a stage has ended.
    virtual void clear() {}
    /// Throws Error{cancelled} if the result is no longer wanted.
    virtual void require_wanted() {}
};

}  // namespace llmx
