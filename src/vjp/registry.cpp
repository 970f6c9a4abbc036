#include <array>
#include <bit>

#include "engine/pass/attention.hpp"
#include "vjp/rule.hpp"

namespace llmx::vjp {

// Declared here, defined one per file: a missing definition fails to link, a doubled row to compile.
#define LLMX_RULE(op, file) extern const Rule file##_rule;
#include "vjp/rules.def"
#undef LLMX_RULE

int Node::reader(int i) const { return engine::reading_node(graph, info, i); }
float Node::param_f32(int i) const { return std::bit_cast<float>(info.params[static_cast<std::size_t>(i)]); }

namespace {

struct Row {
    std::string_view op;
    const Rule* rule;
};

constexpr std::array rows{
#define LLMX_RULE(op, file) Row{#op, &file##_rule},
#include "vjp/rules.def"
#undef LLMX_RULE
};

constexpr bool no_operation_twice() {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        for (std::size_t j = i + 1; j < rows.size(); ++j) {
            if (rows[i].op == rows[j].op) return false;
        }
    }
    return true;
}
static_assert(no_operation_twice(), "rules.def names an operation twice");

}  // namespace

const Rule* find_rule(std::string_view op) {
    for (const Row& row : rows) {
        if (row.op == op) return row.rule;
    }
    return nullptr;
}

std::string known_rules() {
    std::string names;
    for (const Row& row : rows) {
        if (!names.empty()) names += ", ";
        names += row.op;
    }
    return names;
}

}  // namespace llmx::vjp
