#include <array>
#include <llmx/enums.hpp>
#include <utility>

#include "core/suggest.hpp"

namespace llmx {

namespace {

template <class Choice>
using Names = std::vector<std::pair<Choice, std::string>>;

#define LLMX_MEASURE(name) {Measure::name, #name},
#define LLMX_OBJECTIVE(name)
const Names<Measure> measure_names{
#include "explain/names.def"
};
#undef LLMX_MEASURE
#undef LLMX_OBJECTIVE
#define LLMX_MEASURE(name)
#define LLMX_OBJECTIVE(name) {Objective::name, #name},
const Names<Objective> objective_names{
#include "explain/names.def"
};

template <class Choice>
std::string name_of(const Names<Choice>& names, Choice choice) {
    for (const auto& [value, name] : names) {
        if (value == choice) return name;
    }
    return {};
}

template <class Choice>
Choice parse(const Names<Choice>& names, std::string_view what, const std::string& text) {
    std::vector<std::string> known;
    for (const auto& [value, name] : names) {
        if (name == text) return value;
        known.push_back(name);
    }
    throw_unknown(what, text, known);
}

}  // namespace

std::string to_string(ModelKind kind) {
    switch (kind) {
        case ModelKind::encoder:
            return "encoder";
        case ModelKind::encoder_decoder:
            return "encoder-decoder";
        default:
            return "decoder";
    }
}
std::string to_string(Measure measure) { return name_of(measure_names, measure); }
std::string to_string(Objective objective) { return name_of(objective_names, objective); }
Measure parse_measure(const std::string& name) { return parse(measure_names, "measure", name); }
Objective parse_objective(const std::string& name) { return parse(objective_names, "objective", name); }

}  // namespace llmx
