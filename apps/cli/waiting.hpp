#pragma once
// How threads wait for each other between the operations of a pass.

namespace llmx::cli {

/// Waiting threads spin for some microseconds and then sleep, so that the processor is free for others:
/// beside busy neighbours libgomp's own default, which spins for milliseconds, takes twice as long. libgomp
/// reads its environment before `main`, so this starts the program again, once, with GOMP_SPINCOUNT set.
/// Returns at once where the environment says how to wait (GOMP_SPINCOUNT or OMP_WAIT_POLICY), or the program
/// cannot be started again.
void wait_briefly(char** argv);

}  // namespace llmx::cli
