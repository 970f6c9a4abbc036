#include "commands/evaluation.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <llmx/error.hpp>
#include <llmx/version.hpp>

#include "csv.hpp"
#include "faithfulness/maps.hpp"
#include "request/method_text.hpp"
#include "terminal/faithfulness.hpp"
#include "view/json_writer.hpp"

namespace llmx::cli {
namespace {

using Json = nlohmann::ordered_json;

/// The numbers of a Faithfulness, by the names of its JSON keys.
struct Kind {
    const char* key;
    const char* heading;
    std::optional<Faithfulness::Number> (*get)(const Faithfulness&);
};
using Number = std::optional<Faithfulness::Number>;
const std::array<Kind, 5> kinds = {
    {{"comprehensiveness", "comprehensiveness",
      [](const Faithfulness& f) { return Number(f.comprehensiveness); }},
     {"sufficiency", "sufficiency", [](const Faithfulness& f) { return Number(f.sufficiency); }},
     {"deletion_area", "deletion area", [](const Faithfulness& f) { return Number(f.deletion_area); }},
     {"insertion_area", "insertion area", [](const Faithfulness& f) { return Number(f.insertion_area); }},
     {"kendall_tau", "Kendall tau", [](const Faithfulness& f) { return f.kendall_tau; }}}};

/// Of values over requests.
struct Mean {
    double mean = 0;
    std::optional<double> error = {};  ///< standard error; of two values or more
    int count = 0;
};

Mean mean_of(const std::vector<double>& values) {
    Mean m{.count = static_cast<int>(values.size())};
    const auto n = static_cast<double>(values.size());
    for (const double v : values) m.mean += v / n;
    if (m.count < 2) return m;
    double squares = 0;
    for (const double v : values) squares += (v - m.mean) * (v - m.mean);
    m.error = std::sqrt(squares / (n - 1) / n);
    return m;
}

/// One method's numbers over all requests that have it.
class Summary {
public:
    explicit Summary(std::string name) : method(std::move(name)) {}

    void add(const EvaluatedMap& evaluated) {
        const Faithfulness& f = *evaluated.map.faithfulness;
        ++requests;
        for (std::size_t k = 0; k < kinds.size(); ++k) {
            const Number n = kinds[k].get(f);
            if (!n) continue;
            values[k].push_back(n->value);
            random[k].push_back(n->random);
            deviations[k].push_back(n->random_deviation);
        }
        spearman.resize(evaluated.randomized.size());
        kendall.resize(evaluated.randomized.size());
        for (std::size_t d = 0; d < evaluated.randomized.size(); ++d) {
            const Correlation& c = evaluated.randomized[d];
            if (c.spearman) spearman[d].push_back(*c.spearman);
            if (c.kendall) kendall[d].push_back(*c.kendall);
        }
    }

    std::string method;
    int requests = 0;
    std::array<std::vector<double>, 5> values, random, deviations;
    std::vector<std::vector<double>> spearman, kendall;  // of each depth
};

std::vector<Summary> summaries(const Evaluation& evaluation) {
    std::vector<Summary> all;
    for (const EvaluatedRequest& request : evaluation.requests) {
        for (const EvaluatedMap& evaluated : request.maps) {
            auto same = std::find_if(all.begin(), all.end(),
                                     [&](const Summary& s) { return s.method == evaluated.map.method; });
            if (same == all.end()) same = all.insert(all.end(), Summary(evaluated.map.method));
            same->add(evaluated);
        }
    }
    return all;
}

std::string cell(const std::vector<double>& values) {
    if (values.empty()) return "none";
    const Mean m = mean_of(values);
    return m.error ? fmt::format("{:.3f} \u00b1 {:.3f}", m.mean, *m.error) : fmt::format("{:.3f}", m.mean);
}

/// Rankings are random in the same way for all methods: those of the first request's first method and of
/// every other request.
std::vector<std::string> random_line(const Evaluation& evaluation) {
    Summary random("random");
    for (const EvaluatedRequest& request : evaluation.requests) {
        // The first map that has all numbers; they are the same beside each.
        const auto has_tau = [](const EvaluatedMap& m) {
            return m.map.faithfulness->kendall_tau.has_value();
        };
        const auto found = std::find_if(request.maps.begin(), request.maps.end(), has_tau);
        random.add(found == request.maps.end() ? request.maps.front() : *found);
    }
    std::vector<std::string> line = {random.method};
    for (std::size_t k = 0; k < kinds.size(); ++k) {
        const bool single = random.random[k].size() == 1;
        line.push_back(single ? fmt::format("{:.3f} \u00b1 {:.3f}", random.random[k].front(),
                                            random.deviations[k].front())
                              : cell(random.random[k]));
    }
    return line;
}

Json mean_json(const std::vector<double>& values) {
    const Mean m = mean_of(values);
    return {{"mean", m.count > 0 ? Json(m.mean) : Json(nullptr)},
            {"standard_error", m.error ? Json(*m.error) : Json(nullptr)},
            {"requests", m.count}};
}

Json number_json(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

/// As `llmx explain` writes it.
Json faithfulness_json(const Faithfulness& faithfulness) {
    Json json = Json::object();
    view::JsonWriter writer(json, "faithfulness", /*raw=*/false);
    view::rows(writer, faithfulness);
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
                      {"faithfulness", faithfulness_json(*evaluated.map.faithfulness)}};
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
        result, [&](const faithfulness::MethodMap& map, const std::optional<Faithfulness>& measured) {
            found.push_back({map.method, faithfulness::summed(map.scores, map.columns), measured});
        });
    std::vector<ScoredMap> maps;
    for (const Method& method : methods) {
        const auto map = std::find_if(found.begin(), found.end(),
                                      [&](const ScoredMap& m) { return m.method == method.name; });
        if (map == found.end()) continue;
        maps.push_back({request::spelled(method), std::move(map->scores), std::move(map->faithfulness)});
        found.erase(map);  // a method may be there more than once, with other options
    }
    return maps;
}

void print_evaluation(std::ostream& out, const Evaluation& evaluation, bool color) {
    const std::vector<Summary> all = summaries(evaluation);
    std::vector<std::vector<std::string>> lines(1, {"method"});
    for (const Kind& kind : kinds) lines.front().emplace_back(kind.heading);
    for (const Summary& summary : all) {
        lines.push_back({summary.method});
        for (const auto& values : summary.values) lines.back().push_back(cell(values));
    }
    lines.push_back(random_line(evaluation));
    print_table(out, lines, color);
    const std::size_t count = evaluation.requests.size();
    out << "better: comprehensiveness, insertion area and tau high, sufficiency and deletion area low; ";
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
    for (const Summary& summary : summaries(evaluation)) {
        Json entry = {{"method", summary.method}};
        for (std::size_t k = 0; k < kinds.size(); ++k) {
            entry[kinds[k].key] = mean_json(summary.values[k]);
            entry[kinds[k].key]["random"] = mean_json(summary.random[k])["mean"];
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
    for (const Kind& kind : kinds) {
        for (const char* what : {"", "_random", "_random_deviation"})
            fields.push_back(fmt::format("{}{}", kind.key, what));
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
            for (const Kind& kind : kinds) {
                const Number n = kind.get(*evaluated.map.faithfulness);
                fields.push_back(csv_number(n ? std::optional(n->value) : std::nullopt));
                fields.push_back(csv_number(n ? std::optional(n->random) : std::nullopt));
                fields.push_back(csv_number(n ? std::optional(n->random_deviation) : std::nullopt));
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
