#pragma once
// How threads wait for each other between the operations of a pass.

namespace llmx::cli {

/// Waiting threads spin for some microseconds and then sleep, so that the processor is free for others.
/// libgomp's own default spins for milliseconds: beside busy neighbours it then mostly waits for threads that
/// its own spinning keeps from running. libgomp reads its environment before `main`, so this starts the
/// program again, once, with GOMP_SPINCOUNT set. Returns at once where the environment says how to wait
/// (GOMP_SPINCOUNT or OMP_WAIT_POLICY), or the program cannot be started again.
void wait_briefly(char** argv);

}  // namespace llmx::cli
