#pragma once
// Models that several requests share.

#include <list>
#include <mutex>
#include <string>

#include <llmx/explain_request.hpp>

namespace llmx::cli {

/// Keeps the models that were asked for last. Calls may come from several threads.
class ModelCache {
public:
    /// The request's model, loaded unless it is there.
    Model get(const ExplainRequest& request, Activity& activity);
    /// Bytes of the weights that are kept.
    [[nodiscard]] std::uint64_t bytes() const;

private:
    static constexpr std::size_t most = 2;
    struct Entry {
        std::string key;
        Model model;
    };
    mutable std::mutex mutex_;
    std::list<Entry> entries_;  // the last one asked for first
};

}  // namespace llmx::cli
