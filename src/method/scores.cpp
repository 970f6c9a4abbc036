#include "method/scores.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <llmx/error.hpp>

namespace llmx::method {

namespace {

void add_share(const Tensor& more, float share, Tensor& sum) {
    if (more.values.size() != sum.values.size())
        throw Error(ErrorCode::internal, "scores: baselines give results of different shapes");
    std::transform(more.values.begin(), more.values.end(), sum.values.begin(), sum.values.begin(),
                   [share](float m, float s) { return s + share * m; });
}

void add_share(const std::vector<Completeness>& more, double share, std::vector<Completeness>& sum) {
    if (more.size() != sum.size())
        throw Error(ErrorCode::internal, "scores: baselines give results of different shapes");
    for (std::size_t t = 0; t < sum.size(); ++t) {
        sum[t].f_input += share * more[t].f_input;
        sum[t].f_baseline += share * more[t].f_baseline;
        sum[t].residual += share * more[t].residual;
    }
}

/// "40+25"; one where all are the same.
std::string joined_note(const std::vector<Scores>& all, const std::string& name) {
    std::vector<std::string> notes;
    for (const Scores& one : all) {
        const auto found = one.notes.find(name);
        notes.push_back(found == one.notes.end() ? "" : found->second);
    }
    const bool same = std::adjacent_find(notes.begin(), notes.end(), std::not_equal_to<>()) == notes.end();
    return same ? notes.front() : fmt::format("{}", fmt::join(notes, "+"));
}

}  // namespace

Scores mean(std::vector<Scores> all) {
    if (all.size() == 1) return std::move(all.front());
    const double share = 1.0 / static_cast<double>(all.size());
    Scores sum = all.front();
    for (Tensor* tensor : {&sum.scores, &sum.standard_errors, &sum.interactions})
        std::fill(tensor->values.begin(), tensor->values.end(), 0.0F);
    std::fill(sum.completeness.begin(), sum.completeness.end(), Completeness{});
    sum.warnings.clear();
    if (sum.noise) sum.noise = 0;
    for (const Scores& one : all) {
        add_share(one.scores, static_cast<float>(share), sum.scores);
        add_share(one.standard_errors, static_cast<float>(share), sum.standard_errors);
        add_share(one.interactions, static_cast<float>(share), sum.interactions);
        add_share(one.completeness, share, sum.completeness);
        if (sum.noise) *sum.noise += share * one.noise.value_or(0);
        sum.warnings.insert(sum.warnings.end(), one.warnings.begin(), one.warnings.end());
    }
    for (auto& [name, note] : sum.notes) note = joined_note(all, name);
    return sum;
}

}  // namespace llmx::method
