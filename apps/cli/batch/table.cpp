#include "batch/table.hpp"

#include <fmt/format.h>

#include <llmx/view.hpp>

#include "csv.hpp"
#include "terminal/why.hpp"

namespace llmx::cli {
namespace {

using Json = nlohmann::ordered_json;

/// One method's scores, [targets, units].
struct Scores {
    std::string method, objective;
    std::vector<std::string> targets;
    const std::vector<Unit>& units;
    std::span<const float> scores, errors = {};
};

class Table {
public:
    std::string text = csv_record({"id", "line", "method", "objective", "target", "target_text", "unit",
                                   "text", "kind", "score", "standard_error", "error"});

    void begin(const BatchRequest& request) {
        id_ = request.name;
        line_ = fmt::format("{}", request.line.number);
    }
    void add_error(const std::string& message) {
        text += csv_record({id_, line_, "", "", "", "", "", "", "", "", "", message});
    }
    void add(const Scores& of) {
        for (std::size_t t = 0; t < of.targets.size(); ++t) {
            for (std::size_t u = 0; u < of.units.size(); ++u) {
                const std::size_t i = t * of.units.size() + u;
                text += csv_record({id_, line_, of.method, of.objective, fmt::format("{}", t), of.targets[t],
                                    fmt::format("{}", u), of.units[u].text, of.units[u].kind,
                                    fmt::format("{}", of.scores[i]),
                                    of.errors.empty() ? "" : fmt::format("{}", of.errors[i]), ""});
            }
        }
    }

    /// A row for each sentence and each passage that it rests on, or one without a passage.
    void add(const Why& why) {
        for (std::size_t s = 0; s < why.sentences.size(); ++s) {
            const WhySentence& sentence = why.sentences[s];
            const auto row = [&](const std::vector<std::string>& source) {
                std::vector<std::string> fields = {
                    id_, line_, "why", "logprob", fmt::format("{}", s), sentence.text};
                fields.insert(fields.end(), source.begin(), source.end());
                text += csv_record(fields);
            };
            if (!sentence.is_grounded) row({"", "", "", "", "", ""});
            for (const WhySource& source : sentence.sources) {
                const WhyPassage& passage = why.passages[static_cast<std::size_t>(source.passage)];
                row({fmt::format("{}", source.passage), passage.text, place_of(passage),
                     fmt::format("{}", source.strength), "", ""});
            }
        }
    }

private:
    std::string id_, line_;
};

void add_result(Table& table, const Explanation& result) {
    std::vector<Unit> tokens;
    for (std::size_t i = 0; i < result.prompt.size(); ++i)
        tokens.push_back({result.prompt[i], "token", {static_cast<int>(i)}});
    if (const auto& attention = result.original.attention) {
        if (!attention->pair.attention.empty())
            table.add({"attention pair_result", "", {result.answer_text}, tokens, attention->pair.attention});
        table.add({"attention mean_group", "", result.decode_output, tokens, attention->mean_group.values});
    }
    if (const auto& gradient = result.original.gradient)
        table.add({"gradient saliency_map",
                   to_string(result.objective),
                   {result.answer_text},
                   tokens,
                   gradient->saliency_map});
    if (result.why) table.add(*result.why);
    for (const Attribution& entry : result.attributions) {
        std::vector<std::string> targets;
        for (const TargetFacts& target : entry.targets) targets.push_back(target.text);
        table.add({entry.method, entry.objective, std::move(targets), entry.units, entry.scores.values,
                   entry.standard_errors.values});
    }
}

}  // namespace

std::string scores_csv(const std::vector<BatchRequest>& requests, const BatchResults& results) {
    Table table;
    results.each(requests, [&](const BatchRequest& request, const std::string& line) {
        table.begin(request);
        const Json json = Json::parse(line);
        if (json.contains("error")) {
            table.add_error(json["error"]["message"].get<std::string>());
        } else {
            add_result(table, view::read_json(line, "--out").explanation);
        }
    });
    return std::move(table.text);
}

}  // namespace llmx::cli
