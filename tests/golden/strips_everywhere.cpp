// With LLMX_TEST_STRIPS in the environment, all tests of this program compute attention strip by strip.

#include <cstdlib>

#include "attention/strips.hpp"

namespace llmx {
namespace {

const bool by_strips = [] {
    if (std::getenv("LLMX_TEST_STRIPS") == nullptr) return false;
    attention::fewest_keys = 1;
    return true;
}();

}  // namespace
}  // namespace llmx
