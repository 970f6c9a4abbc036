#include "terminal/explanation.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <llmx/view.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "terminal/attribution.hpp"
#include "terminal/faithfulness.hpp"
#include "terminal/text_parts.hpp"
#include "terminal/why.hpp"
#include "view/pieces.hpp"

namespace llmx::cli {
namespace {

constexpr std::size_t table_rows = 10;

void coloured_prompt(std::ostream& out, const std::string& heading, const Explanation& result,
                     const std::vector<float>& scores, bool color) {
    title(out, heading, color);
    const double scale = strongest({scores.begin(), scores.end()});
    std::vector<std::string> texts;
    std::vector<float> shades;
    for (const view::Piece& piece : view::prompt_pieces(result)) {
        const float score = *std::max_element(scores.begin() + static_cast<std::ptrdiff_t>(piece.first),
                                              scores.begin() + static_cast<std::ptrdiff_t>(piece.last));
        texts.push_back(piece.text);
        shades.push_back(scale > 0 ? std::min(1.0F, score / static_cast<float>(scale)) : 0);
    }
    view::ansi(out, texts, shades, color);
    out << "\n\n";
}

void legend(std::ostream& out) {
    const std::vector<std::string> names = {"up to 0.3", "0.5", "0.7", "0.9", "1"};
    const std::vector<float> scores = {0.3F, 0.5F, 0.7F, 0.9F, 1.0F};
    out << "Colours:";
    for (std::size_t i = 0; i < names.size(); ++i) {
        out << ' ';
        view::ansi(out, {names[i]}, std::span(&scores[i], 1), true);
    }
    out << "\n\n";
}

struct Column {
    std::string_view name;
    const std::vector<float>& scores;
};

/// The prompt's tokens of highest score by the first column.
void table(std::ostream& out, const Explanation& result, const std::vector<Column>& columns, bool color) {
    const std::vector<float>& key = columns.front().scores;
    const std::vector<std::string> texts = view::token_labels(result);
    std::vector<std::size_t> order(result.prompt.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const std::size_t count = std::min(table_rows, order.size());
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return key[a] > key[b]; });

    std::string heading = "position";
    for (const Column& column : columns) heading += fmt::format("  {:>9}", column.name);
    title(out, heading + "  token", color);
    for (std::size_t i = 0; i < count; ++i) {
        fmt::print(out, "{:>8}", order[i]);
        for (const Column& column : columns)
            fmt::print(out, "  {:>{}.3f}", column.scores[order[i]],
                       std::max<std::size_t>(9, column.name.size()));
        fmt::print(out, "  {}\n", cell(texts[order[i]]));
    }
    out << '\n';
}

/// Softmax weights of the prompt's tokens, mean over the rows, scaled so that the largest is 1.
std::vector<float> mean_attention(const Explanation& result) {
    const Tensor& mean = result.original.attention->mean;
    std::vector<float> scores(result.prompt.size(), 0.0F);
    for (std::int64_t t = 0; t < mean.shape.front(); ++t) {
        const auto row = mean.row(static_cast<std::size_t>(t));
        for (std::size_t p = 0; p < scores.size(); ++p) scores[p] += row[p];
    }
    const float largest = *std::max_element(scores.begin(), scores.end());
    for (float& s : scores) s = largest > 0 ? s / largest : 0.0F;
    return scores;
}

void footer(std::ostream& out, const Explanation& result) {
    for (const auto& [stage, seconds] : result.timings) fmt::print(out, "{} {:.2f} s, ", stage, seconds);
    fmt::print(out, "memory {} MB\n", result.peak_rss / 1'000'000);
}

/// What an encoder found, and where.
void answer_span(std::ostream& out, const Explanation& result, bool color) {
    const SpanResult& span = *result.span;
    title(out, "Question", color);
    out << view::printable(span.question) << "\n\n";
    title(out,
          span.no_answer
              ? fmt::format("No answer (the class token scores best: {:.3f})", span.score)
              : fmt::format("Answer (characters {} to {} of the context, tokens {} to {}, score {:.3f})",
                            span.start_char, span.end_char, span.start_token, span.end_token, span.score),
          color);
    if (span.windows > 1)
        fmt::print(out, "found in part {} of {} of the context\n", span.window + 1, span.windows);
    out << view::printable(result.answer_text) << "\n\n";
}

void written_answer(std::ostream& out, const Explanation& result, bool color) {
    title(out, fmt::format("Answer ({} tokens)", result.decode_output.size()), color);
    out << view::printable(result.answer_text) << "\n\n";
}

const char* name_of_prompt(ModelKind kind) {
    switch (kind) {
        case ModelKind::encoder:
            return "Question and context";
        case ModelKind::encoder_decoder:
            return "Source";
        default:
            return "Prompt";
    }
}

}  // namespace

void print_explanation(std::ostream& out, const Explanation& result, bool color) {
    if (result.why) print_why(out, result, color);
    const std::string prompt = name_of_prompt(result.model.kind);
    std::vector<Column> columns;
    if (result.original.gradient) {
        columns.push_back({"gradient", result.original.gradient->saliency_map});
        coloured_prompt(out,
                        fmt::format("{} by gradient (saliency_map, objective {} = {:.4f})", prompt,
                                    to_string(result.objective), result.objective_value),
                        result, result.original.gradient->saliency_map, color);
    }
    std::vector<float> mean;
    if (result.original.attention) {
        const PairResult& pair = result.original.attention->pair;
        mean = mean_attention(result);
        columns.push_back({"attention mean", mean});
        coloured_prompt(
            out, fmt::format("{} by attention (softmax weights, mean over the answer's tokens)", prompt),
            result, mean, color);
        if (pair.missing.empty()) columns.push_back({"pair_result", pair.attention});
    }
    if (color && !columns.empty()) legend(out);
    print_attributions(out, result, color);
    const bool has_maps = !columns.empty() || !result.attributions.empty();
    if (result.span)
        answer_span(out, result, color);
    else if (!result.why || has_maps)
        written_answer(out, result, color);
    if (!columns.empty()) table(out, result, columns, color);
    print_measured(out, result, color);
    footer(out, result);
}

}  // namespace llmx::cli
