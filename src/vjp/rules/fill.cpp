// FILL: a constant everywhere, whatever the source held. No gradient.

#include "vjp/rule.hpp"

namespace llmx::vjp {

extern const Rule fill_rule{"FILL", nullptr, nullptr};

}  // namespace llmx::vjp
