#include "page.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>

namespace llmx::test {

namespace {

struct Bound {
    const char* text;
    double value;
};
constexpr std::array bounds{Bound{"0.0002", 2e-4}, Bound{"0.001", 1e-3}, Bound{"0.005", 5e-3},
                            Bound{"0.02", gradient_bound}};

/// The smallest that the figure keeps by a factor of two, or the last.
const Bound& bound_for(double figure) {
    for (const Bound& bound : bounds) {
        if (2 * figure <= bound.value) return bound;
    }
    return bounds.back();
}

constexpr const char* head =
    "# Architectures\n\n"
    "llama.cpp's own generator writes tiny random models of the architectures that it can run; those named "
    "`-tiny`, of families that it leaves out, are written by our test. For each, "
    "`tests/archs` checks that the replay's logits are those of a plain pass, that the gradient at the "
    "embeddings agrees with central differences along 8 random directions (four over the whole text, four "
    "within a quarter of it), that attention rows sum to one (with sinks: to at most one), and of every "
    "decoder that the gradient is "
    "the same within 1e-4 when the text is run in micro-batches of 16 tokens. Mixtures of experts choose "
    "both of two experts here; nine of them are checked a second time choosing one. Weights have a "
    "standard deviation of 0.3 (0.1 in dbrx, mpt and olmo, whose clamps are kinks within every step), "
    "not the generator's 0.1, with which blocks add next to nothing to the residual stream and a wrong "
    "slope in them goes unnoticed. This page is written by that test (`build/release/bin/llmx_archs "
    "--update`), which fails where the page does not say what was verified.\n\n"
    "*Gradient*: a bound of the relative error (L2 over the directions). ggml reads GELU from a float16 "
    "table, which makes the differences coarse, not the gradient.\n\n";

std::string row(const Verdict& v, const std::string& bound) {
    return fmt::format("| {} | {} | {} | {} |\n", v.architecture, v.file, fmt::join(v.traits, ", "),
                       v.failure.empty() ? "≤ " + bound : "not verified: " + v.failure);
}

/// Rows in order: the generator's models, then those of our own, which end in "-tiny".
struct ByFile {
    bool operator()(const std::string& a, const std::string& b) const {
        return std::pair(a.ends_with("-tiny"), a) < std::pair(b.ends_with("-tiny"), b);
    }
};
using Rows = std::map<std::string, std::string, ByFile>;

std::string render(const Rows& rows) {
    const auto verified = std::count_if(rows.begin(), rows.end(), [](const auto& entry) {
        return entry.second.find("not verified") == std::string::npos;
    });
    const auto ours = std::count_if(rows.begin(), rows.end(),
                                    [](const auto& entry) { return entry.first.ends_with("-tiny"); });
    std::string page = head;
    page += fmt::format("Verified: {} of {} models, {} of them the generator's.\n\n", verified, rows.size(),
                        rows.size() - static_cast<std::size_t>(ours));
    page += "| architecture | model | attention and memory | gradient |\n| --- | --- | --- | --- |\n";
    for (const auto& entry : rows) page += entry.second;
    return page;
}

/// The page's row of a model, or nothing.
std::string row_of(const std::string& page, const std::string& file) {
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
        if (line.find("| " + file + " |") != std::string::npos) return line + "\n";
    }
    return {};
}

/// The bound that the page states for a model, or the first one where it states none that is known.
const Bound& stated(const std::string& page, const std::string& file) {
    const std::string line = row_of(page, file);
    for (const Bound& bound : bounds) {
        if (line.ends_with(fmt::format("≤ {} |\n", bound.text))) return bound;
    }
    return bounds.front();
}

}  // namespace

std::string updated(const std::string& page, const std::vector<Verdict>& verdicts) {
    Rows rows;
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
        const auto from = line.find(" | ");
        const auto to = line.find(" | ", from + 1);
        if (!line.starts_with("| ") || to == std::string::npos || line.starts_with("| architecture"))
            continue;
        if (line.starts_with("| ---")) continue;
        rows[line.substr(from + 3, to - from - 3)] = line + "\n";
    }
    for (const Verdict& v : verdicts) rows[v.file] = row(v, bound_for(v.gradient).text);
    return render(rows);
}

std::string difference(const std::string& page, const Verdict& v) {
    const Bound& bound = stated(page, v.file);
    if (v.failure.empty() && v.gradient > bound.value) {
        return fmt::format("gradient off by {:.1e}, the page says at most {}", v.gradient, bound.text);
    }
    const std::string expected = row(v, bound.text);
    const std::string found = row_of(page, v.file);
    return found == expected ? "" : fmt::format("the page says \"{}\", verified was \"{}\"", found, expected);
}

std::string difference(const std::string& page, const std::vector<std::string>& models,
                       const std::vector<Verdict>& verdicts) {
    for (const Verdict& v : verdicts) {
        if (std::string found = difference(page, v); !found.empty()) return found;
    }
    Rows rows;
    for (const std::string& model : models) rows[model] = row_of(page, model);
    return page == render(rows) ? "" : "the page has other rows, or says other things around them";
}

}  // namespace llmx::test
