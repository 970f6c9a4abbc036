#include "waiting.hpp"

#include <sys/auxv.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace llmx::cli {

void wait_briefly(char** argv) {
    if (std::getenv("GOMP_SPINCOUNT") != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) return;
    if (getauxval(AT_BASE) == 0)
        return;  // started through the dynamic loader, which is what /proc/self/exe names
    std::error_code error;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error && setenv("GOMP_SPINCOUNT", "300", 0) == 0) execv(self.c_str(), argv);
}

}  // namespace llmx::cli
