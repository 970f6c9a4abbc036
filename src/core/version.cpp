#include <llmx/version.hpp>

namespace llmx {

std::string version() { return LLMX_VERSION; }

}  // namespace llmx
