#pragma once
// Whom a request's work tells how far it is, and who may end it.

#include <llmx/progress.hpp>
#include <string_view>

namespace llmx::cli {

class Activity {
public:
    Activity() = default;
    virtual ~Activity() = default;
    Activity(const Activity&) = delete;
    Activity& operator=(const Activity&) = delete;

    /// Told the stage and the part done; false ends the work. Refers to this object.
    virtual Progress progress() = 0;
    /// Text of the answer as it is written.
    virtual void stream(std::string_view text) = 0;
    /// What comes next is something else.
    virtual void clear() = 0;
    /// Throws Error{cancelled} where nobody waits for the result any more.
    virtual void require_wanted() = 0;
};

}  // namespace llmx::cli
