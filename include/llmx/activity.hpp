#pragma once
// Progress and cancellation of one request.

#include <string_view>

#include <llmx/export.hpp>
#include <llmx/progress.hpp>

namespace llmx {

/// Receives the progress of a request, and can cancel it. The default implementation ignores progress and
/// never cancels.
class LLMX_API Activity {
public:
    Activity() = default;
    virtual ~Activity() = default;
    Activity(const Activity&) = delete;
    Activity& operator=(const Activity&) = delete;

    /// A callback for the stage and the fraction done; it returns false to cancel. It refers to this object.
    virtual Progress progress() { return {}; }
    /// Called with the text of the answer as it is generated.
    virtual void stream(std::string_view /*text*/) {}
    /// Called with a sentence that a user should know while the request runs.
    virtual void notice(std::string_view /*sentence*/) {}
    /// Called at the end of a stage.
    virtual void clear() {}
    /// Throws Error{cancelled} if the result is no longer wanted.
    virtual void require_wanted() {}
};

}  // namespace llmx
