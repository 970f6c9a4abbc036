#include "commands/source_evaluation.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "terminal/text_parts.hpp"

namespace llmx::cli {
namespace {

constexpr const char* chance = "random";

std::string lower(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

std::vector<std::string> by_score(const std::vector<std::string>& texts, const std::vector<double>& scores) {
    std::vector<std::size_t> order(texts.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
    std::vector<std::string> sorted;
    sorted.reserve(order.size());
    for (const std::size_t i : order) sorted.push_back(in_one_line(texts[i]));
    return sorted;
}

RankedPassages ranking_of(const Why& why, double seconds) {
    RankedPassages found{.method = "why", .texts = {}, .names_sources = true, .seconds = seconds};
    std::vector<std::string> texts;
    std::vector<double> strongest;
    for (std::size_t p = 0; p < why.passages.size(); ++p) {
        texts.push_back(why.passages[p].text);
        double most = 0;
        for (std::size_t s = 0; s < why.sentences.size(); ++s)
            most = std::max(most, static_cast<double>(why.strengths.row(s)[p]));
        strongest.push_back(most);
    }
    found.texts = by_score(texts, strongest);
    std::set<std::string> named;
    for (const WhySentence& sentence : why.sentences) {
        for (const WhySource& source : sentence.sources)
            named.insert(in_one_line(why.passages[static_cast<std::size_t>(source.passage)].text));
    }
    found.sources = {named.begin(), named.end()};
    return found;
}

double seconds_of(const Explanation& result, const std::string& stage) {
    for (const auto& [name, seconds] : result.timings) {
        if (name == stage) return seconds;
    }
    return 0;
}

std::vector<std::string> sentences(const std::vector<std::vector<std::string>>& groups) {
    std::vector<std::string> all;
    for (const std::vector<std::string>& group : groups) {
        for (const std::string& sentence : group) all.push_back(in_one_line(sentence));
    }
    return all;
}

bool has(const std::vector<std::string>& list, const std::string& text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

/// Chance that k drawn of n are the k that are needed.
double all_by_chance(std::size_t n, std::size_t k) {
    double chance_of_all = 1;
    for (std::size_t i = 0; i < k; ++i)
        chance_of_all *= static_cast<double>(k - i) / static_cast<double>(std::max<std::size_t>(n - i, 1));
    return chance_of_all;
}

}  // namespace

std::vector<RankedPassages> rankings_of(const Explanation& result) {
    std::vector<RankedPassages> found;
    std::set<std::string> asked;  // that an answer needs its question is no finding
    if (result.why) {
        found.push_back(ranking_of(*result.why, seconds_of(result, "why")));
        for (const WhyPassage& passage : result.why->asked) asked.insert(in_one_line(passage.text));
    }
    for (const Attribution& attribution : result.attributions) {
        std::vector<std::string> texts;
        std::vector<double> scores;
        for (std::size_t u = 0; u < attribution.units.size(); ++u) {
            const bool is_source = attribution.units[u].kind == "sentence" &&
                                   !asked.contains(in_one_line(attribution.units[u].text));
            if (!is_source) continue;
            texts.push_back(attribution.units[u].text);
            double sum = 0;
            for (std::size_t t = 0; t < attribution.targets.size(); ++t)
                sum += static_cast<double>(attribution.scores.row(t)[u]);
            scores.push_back(sum);
        }
        found.push_back({.method = attribution.method,
                         .texts = by_score(texts, scores),
                         .seconds = seconds_of(result, attribution.method)});
    }
    return found;
}

bool is_right(const SourceQuestion& question, const std::string& answer) {
    return question.accepts.empty() ||
           std::any_of(question.accepts.begin(), question.accepts.end(), [&](const std::string& text) {
               return lower(in_one_line(answer)).find(lower(in_one_line(text))) != std::string::npos;
           });
}

SourceScores::Row& SourceScores::row(const std::string& method, const std::string& kind) {
    for (Row& row : rows_) {
        if (row.method == method && row.kind == kind) return row;
    }
    Row& row = rows_.emplace_back();
    row.method = method;
    row.kind = kind;
    return row;
}

void SourceScores::add_ranked(Row& row, const SourceQuestion& question, const RankedPassages& found) {
    const std::vector<std::string> needed = sentences(question.needed);
    const auto is_needed = [&](const std::string& text) { return has(needed, text); };
    row.questions += 1;
    row.seconds += found.seconds;
    row.needed += static_cast<double>(needed.size());
    row.names_sources = found.names_sources;
    row.named += static_cast<double>(found.sources.size());
    row.named_right +=
        static_cast<double>(std::count_if(found.sources.begin(), found.sources.end(), is_needed));
    row.grounded += found.sources.empty() ? 0 : 1;
    if (needed.empty()) return;
    const auto first = std::find_if(found.texts.begin(), found.texts.end(), is_needed);
    row.first += first == found.texts.begin() ? 1 : 0;
    if (first != found.texts.end())
        row.reciprocal += 1.0 / static_cast<double>(first - found.texts.begin() + 1);
    const auto top =
        found.texts.begin() + static_cast<std::ptrdiff_t>(std::min(needed.size(), found.texts.size()));
    row.all +=
        std::count_if(found.texts.begin(), top, is_needed) == static_cast<std::ptrdiff_t>(needed.size()) ? 1
                                                                                                         : 0;
}

void SourceScores::add(const SourceQuestion& question, const std::vector<RankedPassages>& rankings,
                       bool is_right) {
    if (!is_right) {
        ++wrong_;
        return;
    }
    for (const RankedPassages& ranking : rankings)
        add_ranked(row(ranking.method, question.kind), question, ranking);
    if (question.needed.empty() || rankings.empty()) return;
    Row& random = row(chance, question.kind);
    const std::size_t passages = rankings.back().texts.size(), needed = sentences(question.needed).size();
    random.questions += 1;
    random.first += static_cast<double>(needed) / static_cast<double>(passages);
    random.all += all_by_chance(passages, needed);
}

void SourceScores::print(std::ostream& out, bool color) const {
    title(out,
          fmt::format("{:<24}{:<12}{:>10}{:>8}{:>8}{:>8}{:>11}{:>8}{:>10}{:>9}", "method", "kind",
                      "questions", "first", "all", "MRR", "precision", "recall", "grounded", "seconds"),
          color);
    for (const Row& row : rows_) {
        const auto mean = [&](double sum) { return sum / row.questions; };
        const bool ranks = row.needed > 0 || row.method == chance;
        const auto cell = [](bool applies, double value) {
            return applies ? fmt::format("{:.2f}", value) : "-";
        };
        const bool names = row.names_sources;
        fmt::print(out, "{:<24}{:<12}{:>10}{:>8}{:>8}{:>8}{:>11}{:>8}{:>10}{:>9}\n", row.method, row.kind,
                   row.questions, cell(ranks, mean(row.first)), cell(ranks, mean(row.all)),
                   cell(row.needed > 0, mean(row.reciprocal)),
                   cell(names && row.named > 0, row.named_right / std::max(row.named, 1.0)),
                   cell(names && row.needed > 0, row.named_right / std::max(row.needed, 1.0)),
                   cell(names, mean(row.grounded)), cell(row.method != chance, mean(row.seconds)));
    }
    if (wrong_ > 0) fmt::print(out, "{} questions with a wrong answer are not among them\n", wrong_);
}

nlohmann::ordered_json SourceScores::json() const {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const Row& row : rows_) {
        nlohmann::ordered_json one = {
            {"method", row.method}, {"kind", row.kind}, {"questions", row.questions}};
        if (row.needed > 0 || row.method == chance) {
            one["first"] = row.first / row.questions;
            one["all"] = row.all / row.questions;
        }
        if (row.needed > 0) one["reciprocal_rank"] = row.reciprocal / row.questions;
        if (row.names_sources) {
            if (row.named > 0) one["precision"] = row.named_right / row.named;
            if (row.needed > 0) one["recall"] = row.named_right / row.needed;
            one["grounded"] = row.grounded / row.questions;
        }
        if (row.method != chance) one["seconds"] = row.seconds / row.questions;
        rows.push_back(std::move(one));
    }
    return {{"sources", std::move(rows)}, {"wrong_answers", wrong_}};
}

}  // namespace llmx::cli
