// Names of choices, as the command line, JSON and Python spell them.

#include <llmx/enums.hpp>
#include <utility>
#include <vector>

#include "core/suggest.hpp"

namespace llmx {

namespace {

template <class Choice>
using Names = std::vector<std::pair<Choice, std::string>>;

const Names<Measure> measures{{Measure::logprob, "logprob"},         {Measure::mean_logprob, "mean_logprob"},
                              {Measure::probability, "probability"}, {Measure::logit, "logit"},
                              {Measure::entropy, "entropy"},         {Measure::kl, "kl"}};
const Names<Objective> objectives{{Objective::automatic, "automatic"},
                                  {Objective::aligned, "aligned"},
                                  {Objective::teacher, "teacher"},
                                  {Objective::generated, "generated"}};
const Names<UnitKind> unit_kinds{
    {UnitKind::token, "token"}, {UnitKind::word, "word"},           {UnitKind::sentence, "sentence"},
    {UnitKind::line, "line"},   {UnitKind::paragraph, "paragraph"}, {UnitKind::turn, "turn"},
    {UnitKind::role, "role"},   {UnitKind::regex, "regex"},         {UnitKind::spans, "spans"}};
const Names<Aggregation> aggregations{{Aggregation::automatic, "automatic"},
                                      {Aggregation::sum, "sum"},
                                      {Aggregation::mean, "mean"},
                                      {Aggregation::max_abs, "max_abs"}};
const Names<FixedTokens> fixed_tokens{{FixedTokens::automatic, "automatic"},
                                      {FixedTokens::none, "none"},
                                      {FixedTokens::special, "special"},
                                      {FixedTokens::chat_template, "template"}};
const Names<Absence> absences{
    {Absence::token, "token"}, {Absence::deletion, "deletion"}, {Absence::attention_mask, "attention_mask"}};

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
std::string to_string(Measure measure) { return name_of(measures, measure); }
std::string to_string(Objective objective) { return name_of(objectives, objective); }
std::string to_string(UnitKind kind) { return name_of(unit_kinds, kind); }
std::string to_string(Aggregation aggregation) { return name_of(aggregations, aggregation); }
std::string to_string(FixedTokens fixed) { return name_of(fixed_tokens, fixed); }
std::string to_string(Absence absence) { return name_of(absences, absence); }
Measure parse_measure(const std::string& name) { return parse(measures, "`measure`", name); }
Objective parse_objective(const std::string& name) { return parse(objectives, "`objective`", name); }
Absence parse_absence(const std::string& name) { return parse(absences, "`absence`", name); }

}  // namespace llmx
