#include "waiting.hpp"

#include <unistd.h>

#include <cstdlib>

namespace llmx::cli {

void wait_briefly(char** argv) {
    if (std::getenv("GOMP_SPINCOUNT") != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) return;
    if (setenv("GOMP_SPINCOUNT", "20000", 0) == 0) execv("/proc/self/exe", argv);
}

}  // namespace llmx::cli
