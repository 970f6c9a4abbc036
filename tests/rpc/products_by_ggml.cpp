// Servers compute with ggml, so the results that theirs are compared with do, too: to the bit.

#include "support/ggml_products.hpp"

namespace llmx::test {
namespace {
const GgmlProducts all;
}  // namespace
}  // namespace llmx::test
