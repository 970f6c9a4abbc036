#pragma once

namespace llmx::serve {

/// The process behind `llmx serve` that holds the model: requests in, results out, one at a time, until the
/// service is gone. Its first message says what the service allows.
void run_worker();

}  // namespace llmx::serve
