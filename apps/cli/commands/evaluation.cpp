#include "commands/evaluation.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <llmx/error.hpp>
#include <llmx/version.hpp>

#include "commands/measures.hpp"
#include "csv.hpp"
#include "faithfulness/maps.hpp"
#include "request/method_text.hpp"
#include "terminal/faithfulness.hpp"
#include "view/json_writer.hpp"

namespace llmx::cli {
namespace {

using Json = nlohmann::ordered_json;

/// "a, b and c", of two or more.
std::string listed(std::vector<std::string> words) {
    const std::string last = std::move(words.back());
    words.pop_back();
    return fmt::format("{} and {}", fmt::join(words, ", "), last);
}

std::string cell(const std::vector<double>& values) {
    if (values.empty()) return "none";
    const Mean m = mean_of(values);
    return m.error ? fmt::format("{:.3f} \u00b1 {:.3f}", m.mean, *m.error) : fmt::format("{:.3f}", m.mean);
}

std::vector<std::string> random_line(const Evaluation& evaluation,
                                     const std::vector<const NumberKind*>& measures) {
    const Summary random = random_summary(evaluation, measures);
    std::vector<std::string> line = {random.method};
    for (const Summary::Values& of : random.measures) {
        const bool single =
            evaluation.requests.size() == 1 && of.random.size() == 1 && of.random_deviation.size() == 1;
        line.push_back(
            single ? fmt::format("{:.3f} \u00b1 {:.3f}", of.random.front(), of.random_deviation.front())
                   : cell(of.random));
    }
    return line;
}

/// A number that only some requests ask for says how many.
std::string heading(const NumberKind& measure, const std::vector<Summary>& all, std::size_t column,
                    std::size_t requests) {
    std::size_t most = 0;
    for (const Summary& summary : all) most = std::max(most, summary.measures[column].value.size());
    if (measure.always || most >= requests) return measure.heading;
    return fmt::format("{} (of {})", measure.heading, most);
}

Json mean_json(const std::vector<double>& values) {
    const Mean m = mean_of(values);
    return {{"mean", m.count > 0 ? Json(m.mean) : Json(nullptr)},
            {"standard_error", m.error ? Json(*m.error) : Json(nullptr)},
            {"requests", m.count}};
}

Json number_json(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

/// As `llmx explain` writes it.
template <class Record>
Json record_json(const char* key, const Record& record) {
    Json json = Json::object();
    view::JsonWriter writer(json, key, /*raw=*/false);
    view::rows(writer, record);
    return json;
}

Json request_json(const EvaluatedRequest& request, const std::vector<Depth>& depths) {
    Json json = {{"line", request.line}};
    if (!request.id.is_null()) json["id"] = request.id;
    for (const char* key :
         {"command", "model", "task", "prompt_text", "answer_text", "objective", "warnings"})
        json[key] = request.result[key];
    json["methods"] = Json::array();
    for (const EvaluatedMap& evaluated : request.maps) {
        Json entry = {{"method", evaluated.map.method},
                      {"faithfulness", record_json("faithfulness", *evaluated.map.faithfulness)}};
        if (evaluated.map.plausibility)
            entry["plausibility"] = record_json("plausibility", *evaluated.map.plausibility);
        Json randomized = Json::array();
        for (std::size_t d = 0; d < evaluated.randomized.size(); ++d) {
            const Correlation& c = evaluated.randomized[d];
            randomized.push_back({{"depth", depths[d].text},
                                  {"blocks", depths[d].blocks(request.blocks)},
                                  {"spearman", number_json(c.spearman)},
                                  {"kendall", number_json(c.kendall)}});
        }
        entry["randomization"] = std::move(randomized);
        json["methods"].push_back(std::move(entry));
    }
    return json;
}

std::string csv_number(const std::optional<double>& value) {
    return value ? fmt::format("{}", *value) : std::string();
}

}  // namespace

int Depth::blocks(int of_model) const {
    if (text == "top") return 1;
    if (text == "half") return (of_model + 1) / 2;
    if (text == "all") return of_model;
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return std::min(number, of_model);
}

Depth parse_depth(const std::string& text) {
    int number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    const bool whole = error == std::errc() && stop == end && number >= 0;
    if (whole || text == "top" || text == "half" || text == "all") return {text};
    throw Error(ErrorCode::usage,
                fmt::format("--randomization-depths: got \"{}\"; expected top, half, all, or "
                            "a number of blocks",
                            text));
}

std::vector<ScoredMap> maps_of(const Explanation& result, const std::vector<Method>& methods) {
    std::vector<ScoredMap> found;
    faithfulness::for_each_map(
        result, [&](const faithfulness::MethodMap& map, const std::optional<Faithfulness>& faithful,
                    const std::optional<Plausibility>& plausible) {
            found.push_back({map.method, faithfulness::summed(map.scores, map.columns), faithful, plausible});
        });
    std::vector<ScoredMap> maps;
    for (const Method& method : methods) {
        const auto map = std::find_if(found.begin(), found.end(),
                                      [&](const ScoredMap& m) { return m.method == method.name; });
        if (map == found.end()) continue;
        maps.push_back({request::spelled(method), std::move(map->scores), std::move(map->faithfulness),
                        map->plausibility});
        found.erase(map);  // a method may be there more than once, with other options
    }
    return maps;
}

void print_evaluation(std::ostream& out, const Evaluation& evaluation, bool color) {
    const std::vector<const NumberKind*> measures = measures_of(evaluation);
    const std::vector<Summary> all = summaries(evaluation, measures);
    std::vector<std::vector<std::string>> lines(1, {"method"});
    for (std::size_t m = 0; m < measures.size(); ++m)
        lines.front().push_back(heading(*measures[m], all, m, evaluation.requests.size()));
    for (const Summary& summary : all) {
        lines.push_back({summary.method});
        for (const Summary::Values& of : summary.measures) lines.back().push_back(cell(of.value));
    }
    lines.push_back(random_line(evaluation, measures));
    print_table(out, lines, color);
    const std::size_t count = evaluation.requests.size();
    const auto has = [&](std::string_view key) {
        return std::any_of(measures.begin(), measures.end(),
                           [&](const NumberKind* measure) { return measure->key == key; });
    };
    std::vector<std::string> high = {"comprehensiveness", "insertion area", "tau"};
    std::vector<std::string> low = {"sufficiency", "deletion area"};
    if (has("auprc")) high.insert(high.end(), {"F1", "AUPRC"});
    if (has("infidelity")) low.emplace_back("infidelity");
    if (has("sensitivity_max")) low.emplace_back("sensitivity-max");
    fmt::print(out, "better: {} high, {} low; ", listed(high), listed(low));
    if (count == 1) {
        out << "\u00b1: standard deviation of random rankings\n";
    } else {
        fmt::print(out, "\u00b1: standard error of the mean over {} requests\n", count);
    }
    if (evaluation.depths.empty()) return;

    lines.assign(1, {"rank correlation with re-drawn blocks"});
    for (const Depth& depth : evaluation.depths) lines.front().push_back(depth.text);
    for (const Summary& summary : all) {
        lines.push_back({summary.method});
        for (const auto& values : summary.spearman) lines.back().push_back(cell(values));
    }
    out << '\n';
    print_table(out, lines, color);
    out << "Spearman's rho with the map of the same model that has forgotten these blocks, from the top "
           "down;\n"
           "a map that stays the same does not show what the model has learned\n";
}

Json evaluation_json(const Evaluation& evaluation) {
    Json json = {{"schema", "llm-explainer-evaluation/1"}, {"version", version()}};
    json["requests"] = Json::array();
    for (const EvaluatedRequest& request : evaluation.requests)
        json["requests"].push_back(request_json(request, evaluation.depths));
    json["failed"] = Json::array();
    for (const FailedRequest& failed : evaluation.failed)
        json["failed"].push_back({{"line", failed.line}, {"id", failed.id}, {"message", failed.message}});
    json["means"] = Json::array();
    const std::vector<const NumberKind*> measures = measures_of(evaluation);
    for (const Summary& summary : summaries(evaluation, measures)) {
        Json entry = {{"method", summary.method}};
        for (std::size_t k = 0; k < measures.size(); ++k) {
            Json& mean = entry[measures[k]->key] = mean_json(summary.measures[k].value);
            if (measures[k]->beside_random) mean["random"] = mean_json(summary.measures[k].random)["mean"];
        }
        Json randomized = Json::array();
        for (std::size_t d = 0; d < summary.spearman.size(); ++d) {
            randomized.push_back({{"depth", evaluation.depths[d].text},
                                  {"spearman", mean_json(summary.spearman[d])},
                                  {"kendall", mean_json(summary.kendall[d])}});
        }
        entry["randomization"] = std::move(randomized);
        json["means"].push_back(std::move(entry));
    }
    return json;
}

std::string evaluation_csv(const Evaluation& evaluation) {
    std::vector<std::string> fields = {"line", "model", "answer", "method"};
    const std::vector<const NumberKind*> measures = measures_of(evaluation);
    for (const NumberKind* measure : measures) {
        fields.emplace_back(measure->key);
        if (measure->beside_random) fields.push_back(fmt::format("{}_random", measure->key));
        if (measure->has_deviation) fields.push_back(fmt::format("{}_random_deviation", measure->key));
    }
    for (const Depth& depth : evaluation.depths) {
        fields.push_back("spearman_redrawn_" + depth.text);
        fields.push_back("kendall_redrawn_" + depth.text);
    }
    std::string csv = csv_record(fields);
    for (const EvaluatedRequest& request : evaluation.requests) {
        for (const EvaluatedMap& evaluated : request.maps) {
            fields = {fmt::format("{}", request.line), request.result["model"]["path"].get<std::string>(),
                      request.result["answer_text"].get<std::string>(), evaluated.map.method};
            for (const NumberKind* measure : measures) {
                const std::optional<Measured> n = measure->get(evaluated.map);
                fields.push_back(csv_number(n ? std::optional(n->value) : std::nullopt));
                if (measure->beside_random) fields.push_back(csv_number(n ? n->random : std::nullopt));
                if (measure->has_deviation)
                    fields.push_back(csv_number(n ? n->random_deviation : std::nullopt));
            }
            for (const Correlation& c : evaluated.randomized) {
                fields.push_back(csv_number(c.spearman));
                fields.push_back(csv_number(c.kendall));
            }
            csv += csv_record(fields);
        }
    }
    return csv;
}

}  // namespace llmx::cli
