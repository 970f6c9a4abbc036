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

/// The smallest bound that is at least twice the figure, or the last one. The figure is no smaller than what
/// central differences can tell.
const Bound& bound_for(const Verdict& v) {
    const double figure = std::max(v.gradient, v.uncertain);
    for (const Bound& bound : bounds) {
        if (2 * figure <= bound.value) return bound;
    }
    return bounds.back();
}

constexpr const char* head =
    "# Architectures\n\n"
    "llama.cpp's own generator writes tiny random models of the architectures it can run. Our test adds "
    "families that the generator leaves out; their names end in `-tiny`. For each model, `tests/archs` "
    "checks that\n"
    "- the replay's logits match those of a plain pass;\n"
    "- the gradient at the embeddings agrees with central differences along 8 random directions (four over "
    "the whole text, four within a quarter of it);\n"
    "- attention rows sum to one (with sinks, to at most one);\n"
    "- for decoders, the gradient is the same within 1e-4 if the text runs in micro-batches of 16 tokens."
    "\n\n"
    "Mixtures of experts choose both of two experts here; nine of them are checked a second time with one "
    "chosen expert. Weights have a standard deviation of 0.3 (0.1 in dbrx, mpt and olmo, whose clamps put a "
    "kink into every step) instead of the generator's 0.1, with which blocks add almost nothing to the "
    "residual stream, and a wrong derivative inside them would go unnoticed. The test writes this page "
    "(`build/release/bin/llmx_archs --update`), and fails if the page differs from what it verified.\n\n"
    "*Gradient* is an upper bound on the relative error (L2 over the directions). ggml reads GELU from a "
    "float16 table, which limits the precision of the differences, not of the gradient.\n\n";

std::string row(const Verdict& v, const std::string& bound) {
    return fmt::format("| {} | {} | {} | {} |\n", v.architecture, v.file, fmt::join(v.traits, ", "),
                       v.failure.empty() ? "≤ " + bound : "not verified: " + v.failure);
}

/// Sorts the generator's models before our own, which end in "-tiny".
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
    page += fmt::format("Verified: {} of {} models, {} of them from llama.cpp's generator.\n\n", verified,
                        rows.size(), rows.size() - static_cast<std::size_t>(ours));
    page += "| architecture | model | attention and memory | gradient |\n| --- | --- | --- | --- |\n";
    for (const auto& entry : rows) page += entry.second;
    return page;
}

/// The page's row for a model, or an empty string.
std::string row_of(const std::string& page, const std::string& file) {
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
        if (line.find("| " + file + " |") != std::string::npos) return line + "\n";
    }
    return {};
}

/// The bound that the page states for a model, or the first one if it states no known bound.
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
    for (const Verdict& v : verdicts) rows[v.file] = row(v, bound_for(v).text);
    return render(rows);
}

std::string difference(const std::string& page, const Verdict& v) {
    const Bound& bound = stated(page, v.file);
    if (v.failure.empty() && v.gradient > bound.value) {
        return fmt::format("gradient off by {:.1e}; the page says at most {}", v.gradient, bound.text);
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
