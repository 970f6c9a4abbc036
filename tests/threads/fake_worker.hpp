#pragma once
// A model worker without a model. A service starts its own program again as the worker, so this program's
// `main` becomes one where its first argument says so.

#include <string>

namespace llmx::test {

inline const std::string fake_worker_argument = "fake-worker";

/// Serves requests until the service goes away. The text of a request says what becomes of it: "die" ends the
/// process, "hang" waits to be cancelled, anything else comes back as the result.
int run_fake_worker();

}  // namespace llmx::test
