#pragma once
// The work of a batch: requests carried out one after another or several at a time.

#include <cstdint>
#include <string>
#include <vector>

#include "batch/requests.hpp"
#include "batch/results.hpp"

namespace llmx::cli {

struct BatchPlan {
    const std::vector<BatchRequest>& requests;
    const request::Json& defaults;  ///< what the command line says, by key
    BatchResults& results;
    int jobs = 1;
    std::uint64_t memory = 0;  ///< bytes that the jobs may take together; 0: what is free
    bool retry_failed = false;
    bool quiet = false;
};

struct BatchOutcome {
    int kept = 0;          ///< were there already, failed ones among them
    int done = 0;          ///< by this run
    int failed = 0;        ///< of all
    int failed_now = 0;    ///< of those done by this run
    bool stopped = false;  ///< by a signal: not all were done
};

/// Every request that has no result, or another one's, is done; each result is kept when it is there. Throws
/// Error{output} where one could not be; what there is stays.
BatchOutcome run_batch(const BatchPlan& plan);

}  // namespace llmx::cli
