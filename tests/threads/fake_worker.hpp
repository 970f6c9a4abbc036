#pragma once
// A worker process without a model. The dispatcher starts its own executable as the worker, so `main` of the
// tests runs the fake worker if its first argument asks for it.

#include <string>

namespace llmx::test {

inline const std::string fake_worker_argument = "serve-worker";

/// Answers requests until the dispatcher closes the channel. "die" ends the process, "hang" waits to be
/// cancelled, any other text is sent back as the result.
int run_fake_worker();

}  // namespace llmx::test
