// TOP_K: the indices of a row's k largest elements. A choice has no gradient: the driver stops here.

#include "vjp/rule.hpp"

namespace llmx::vjp {

extern const Rule top_k_rule{"TOP_K", nullptr, nullptr};

}  // namespace llmx::vjp
