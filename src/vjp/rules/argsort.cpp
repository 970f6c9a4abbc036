// ARGSORT: the order of a row's elements. A choice has no gradient: the driver stops here.

#include "vjp/rule.hpp"

namespace llmx::vjp {

extern const Rule argsort_rule{"ARGSORT", nullptr, nullptr};

}  // namespace llmx::vjp
