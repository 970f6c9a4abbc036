#include "explain/estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <llmx/error.hpp>
#include <llmx/model.hpp>
#include <string>
#include <string_view>

#include "explain/sensitive.hpp"
#include "faithfulness/faithfulness.hpp"
#include "faithfulness/infidelity.hpp"
#include "replay/budget.hpp"

namespace llmx {
namespace {

using method::BoundMethod;

/// Options that say how often the model runs.
constexpr std::array<std::string_view, 3> counts = {"samples", "permutations", "steps"};

struct Part {
    std::string name;  ///< of the method and its option, or the key
    double runs = 0;
    double bytes = 0;  ///< kept until all have run
};

/// What a fit keeps for each coalition, in bytes a unit: the coalition, and rows of doubles that stand for
/// it.
constexpr double coalition_bytes = 1 + 3 * sizeof(double);

Part part_of(const BoundMethod& method, const method::Extent& extent) {
    const auto& [definition, options, several] = method;
    Part part{std::string(definition->name), method::evaluations(method, extent)};
    for (const std::string_view option : counts) {
        if (options.has(option)) part.name += fmt::format(": `{}`", option);
    }
    if (definition->perturb != nullptr && options.has("samples"))
        part.bytes = part.runs * coalition_bytes * static_cast<double>(extent.units);
    if (definition->perturb != nullptr && options.has("permutations"))
        part.bytes =
            options.integer("permutations") * static_cast<double>(extent.units * sizeof(std::size_t));
    return part;
}

Part part_of_check(const Check& check, std::size_t maps, const method::Extent& extent) {
    const double runs = faithfulness::evaluations(extent.units, maps, check.random_seeds);
    return {"`seeds`", runs, runs * static_cast<double>(extent.units + sizeof(std::vector<double>))};
}

/// Of one game; maps that explain other numbers have one each.
Part part_of_infidelity(const Check& check, const method::Extent& extent) {
    const double runs = faithfulness::infidelity_evaluations(check.infidelity);
    return {"`infidelity`", runs, runs * static_cast<double>(extent.units + sizeof(std::vector<double>))};
}

Part part_of_sensitivity(const Check& check, std::span<const BoundMethod> methods,
                         const method::Extent& extent) {
    return {"`sensitivity`", sensitivity_evaluations(check, methods, extent)};
}

std::string megabytes(double bytes) { return fmt::format("{:.0f} MB", bytes / 1e6); }

void require_bytes(const Request& request, const std::string& what, double bytes, std::string_view instead) {
    const auto budget = static_cast<double>(request.memory_budget.value_or(usual_memory_budget));
    if (budget == 0 || bytes <= budget) return;
    throw Error(ErrorCode::input,
                fmt::format("{}: takes {}, `memory_budget` is {}; expected {}, or a larger budget", what,
                            megabytes(bytes), megabytes(budget), instead));
}

}  // namespace

void require_affordable(const Request& request, std::span<const BoundMethod> methods,
                        const method::Extent& extent, double most) {
    std::vector<Part> parts;
    for (const BoundMethod& method : methods) {
        if (method.definition->read == nullptr) parts.push_back(part_of(method, extent));
    }
    if (request.check) {
        parts.push_back(part_of_check(*request.check, methods.size(), extent));
        parts.push_back(part_of_infidelity(*request.check, extent));
        parts.push_back(part_of_sensitivity(*request.check, methods, extent));
    }
    double runs = 0;
    for (const Part& part : parts) {
        runs += part.runs;
        require_bytes(request, part.name, part.bytes, "a smaller number, or fewer units");
    }
    if (runs <= most) return;
    const auto largest = std::max_element(parts.begin(), parts.end(),
                                          [](const Part& a, const Part& b) { return a.runs < b.runs; });
    throw Error(
        ErrorCode::usage,
        fmt::format("{}: {:.3g} of {:.3g} runs of the model for {} units; expected at most {:.0f} runs in "
                    "all: a smaller number, or fewer units",
                    largest->name, largest->runs, runs, extent.units, most));
}

void require_room(const Request& request, const Model& model, std::size_t prompt, std::size_t answer) {
    const ModelFacts& facts = model.facts();
    const auto tokens = static_cast<double>(prompt + answer);
    const double rows = request.all_attention_rows ? tokens : static_cast<double>(answer);
    const double weights = sizeof(float) * static_cast<double>(facts.blocks) * facts.heads * tokens;
    if (request.keep_attention)
        require_bytes(request, "`attention_weights`", weights * rows, "a shorter text, or none of them");
    if (request.views.attention && request.views.budget == 0)
        require_bytes(request, "`view_budget` 0", weights * tokens,
                      "a bound, a shorter text, or fewer views");
    if (request.keep_hidden) {
        require_bytes(request, "`hidden_states`",
                      sizeof(float) * static_cast<double>(facts.blocks) * facts.embedding * tokens,
                      "a shorter text, or none of them");
    }
}

std::size_t fitting_budget(std::size_t budget, std::uint64_t free) {
    constexpr std::uint64_t least = std::uint64_t{64} << 20U;  // smaller pieces save nothing
    if (budget == 0 || free == 0) return budget;
    return std::min<std::size_t>(budget, std::max(free / 2, least));
}

void require_memory(const Request& request, const replay::Replay& replay, std::uint64_t free) {
    if (free == 0 || replay.bytes() == 0) return;
    // while the largest node is differentiated, its gradients and those around it are there
    const double needed =
        static_cast<double>(replay.bytes_to_take() + 3 * replay::largest_need(replay.graph()));
    const auto left = static_cast<double>(free);
    const std::string numbers = fmt::format("{} tokens need about {:.1f} GB, {:.1f} GB are free",
                                            replay.ids().size(), needed / 1e9, left / 1e9);
    if (needed > left)
        throw Error(ErrorCode::input, fmt::format("memory: {}; expected a shorter text{}", numbers,
                                                  replay.pieces() == 1 ? ", or a smaller `memory_budget`"
                                                                       : ", or more memory"));
    if (2 * needed > left && request.notice) request.notice("memory: " + numbers);
}

}  // namespace llmx
