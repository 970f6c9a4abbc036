#include "method/pair.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <llmx/error.hpp>

#include "core/parallel.hpp"
#include "engine/match.hpp"
#include "gemm/gemm.hpp"
#include "method/statistics.hpp"

namespace llmx::method {

namespace {

using Triple = std::array<const Module*, 3>;

const Module* first_in_block(const std::vector<Module>& modules, const std::vector<int>& matches, int block) {
    for (const int index : matches) {
        const Module& module = modules[static_cast<std::size_t>(index)];
        if (module.block == block && module.kind != "norm") return &module;
    }
    return nullptr;
}

/// Models without separate projections: the default names then mean their fused module.
std::vector<std::string> names_for(const std::vector<Module>& modules, const PairOptions& options) {
    static const std::vector<std::string> standard{"q_proj", "k_proj", "v_proj"};
    if (options.layer_names != standard || options.strict) return options.layer_names;
    const auto has = [&](std::string_view ending) {
        return std::any_of(modules.begin(), modules.end(),
                           [&](const Module& m) { return m.gguf_name.ends_with(ending); });
    };
    if (has(".attn_q")) return {"attn_q", "attn_k", "attn_v"};
    if (has(".attn_qkv")) return {"attn_qkv", "attn_qkv", "attn_qkv"};
    return options.layer_names;
}

Triple select(const std::vector<Module>& modules, const std::vector<std::string>& names,
              const ModelFacts& facts, bool strict, int& block) {
    if (names.size() != 3) {
        throw Error(ErrorCode::usage,
                    fmt::format("layer_names: got {} names ({}); expected three: the query, key and "
                                "value modules",
                                names.size(), fmt::join(names, ", ")));
    }
    std::array<std::vector<int>, 3> matches;
    for (std::size_t i = 0; i < 3; ++i) matches[i] = engine::match_modules(modules, names[i], strict);
    for (block = 0; block < facts.blocks; ++block) {
        Triple triple{};
        for (std::size_t i = 0; i < 3; ++i) triple[i] = first_in_block(modules, matches[i], block);
        if (triple[0] != nullptr && triple[1] != nullptr && triple[2] != nullptr) return triple;
    }
    throw Error(ErrorCode::usage,
                fmt::format("layer_names: no block has all of {}; `llmx modules` lists the names",
                            fmt::join(names, ", ")));
}

const engine::TensorInfo* product_of(const engine::Graph& graph, const Module& module) {
    for (const int id : graph.nodes) {
        const engine::TensorInfo& node = graph.at(id);
        if (node.op == "MUL_MAT" && graph.at(node.sources[0]).name == module.gguf_name + ".weight")
            return &node;
    }
    return nullptr;
}

/// The node after which the module's own scale and bias are applied.
const engine::TensorInfo& finished(const engine::Graph& graph, const Module& module,
                                   const engine::TensorInfo& product) {
    const engine::TensorInfo* last = &product;
    for (std::size_t i = static_cast<std::size_t>(product.order) + 1; i < graph.nodes.size(); ++i) {
        const engine::TensorInfo& node = graph.at(graph.nodes[i]);
        if ((node.op != "ADD" && node.op != "MUL") || graph.at(node.sources[0]).root != last->root) continue;
        const std::string& with = graph.at(node.sources[1]).name;
        if (with == module.gguf_name + ".bias" || with == module.gguf_name + ".scale") last = &node;
    }
    return *last;
}

PairPart part_of(const engine::Graph& graph, const Module& module, const ModelFacts& facts, bool is_input,
                 bool fused, int part) {
    const engine::TensorInfo* product = product_of(graph, module);
    if (product == nullptr) {
        throw Error(ErrorCode::usage,
                    fmt::format("layer_names: {} is no linear module of the pass; expected the query, "
                                "key and value projections",
                                module.gguf_name));
    }
    const tape::Lineage lineage(graph);
    if (is_input) {
        const int source = product->sources[1];
        return {product->order, source, lineage.read_by(source, product->order), 0,
                graph.at(source).shape[3]};
    }
    const engine::TensorInfo& output = finished(graph, module, *product);
    PairPart result{output.order, output.id, lineage.written_by(output.order), 0, output.shape[3]};
    if (fused) {
        const std::int64_t queries = std::int64_t{facts.heads} * facts.head_size;
        const std::int64_t keys = std::int64_t{facts.kv_heads} * facts.head_size;
        if (queries + 2 * keys != output.shape[3]) {
            throw Error(
                ErrorCode::unsupported,
                fmt::format(
                    "layer_names: {} has {} columns, which {} query and {} key-value heads of {} do not "
                    "make up",
                    module.gguf_name, output.shape[3], facts.heads, facts.kv_heads, facts.head_size));
        }
        result.column = part == 0 ? 0 : queries;
        result.columns = part == 0 ? queries : keys;
    }
    return result;
}

/// The prompt's rows of a part, [prompt, heads * size], key-value heads repeated to `columns`.
std::vector<float> gather(const tape::Tape& tape, const PairPart& part, std::int64_t head_size,
                          std::int64_t columns, int prompt) {
    const engine::TensorInfo& tensor = tape.graph().at(part.tensor);
    const View<const float> value = tape.value(part.key, tensor);
    const std::int64_t repeat = columns / part.columns;
    std::vector<float> rows(static_cast<std::size_t>(prompt * columns));
    for (int p = 0; p < prompt; ++p) {
        const float* from = value.row(p) + part.column;
        for (std::int64_t c = 0; c < columns; ++c) {
            const std::int64_t head = c / head_size / repeat;
            rows[static_cast<std::size_t>(p * columns + c)] = from[head * head_size + c % head_size];
        }
    }
    return rows;
}

}  // namespace

PairSite find_pair(const engine::Graph& graph, const std::vector<Module>& modules, const ModelFacts& facts,
                   const PairOptions& options) {
    PairSite site;
    site.head_size = facts.head_size;
    const Triple triple = select(modules, names_for(modules, options), facts, options.strict, site.block);
    const bool fused = triple[0] == triple[1] && triple[1] == triple[2];
    if (!fused && triple[0] == triple[1]) {
        throw Error(
            ErrorCode::usage,
            fmt::format("layer_names: the query and the key pattern both select {}; expected two modules",
                        triple[0]->gguf_name));
    }
    site.query = part_of(graph, *triple[0], facts, options.is_input, fused, 0);
    site.key = part_of(graph, *triple[1], facts, options.is_input, fused, 1);
    if (site.query.columns % site.key.columns != 0) {
        throw Error(ErrorCode::unsupported,
                    fmt::format("layer_names: {} query columns cannot be shared by {} key columns",
                                site.query.columns, site.key.columns));
    }
    return site;
}

void compute_pair(const tape::Tape& tape, const PairSite& site, int prompt, int threads, PairResult& result) {
    const std::int64_t columns = site.query.columns;
    // inputs have no heads; equal widths need none
    const std::int64_t head = site.key.columns == columns ? columns : site.head_size;
    const std::vector<float> queries = gather(tape, site.query, head, columns, prompt);
    const std::vector<float> keys = gather(tape, site.key, head, columns, prompt);
    std::vector<float> scores(static_cast<std::size_t>(prompt) * prompt);
    gemm::multiply(prompt, prompt, columns, {queries.data(), columns}, {keys.data(), columns, true}, 0.0F,
                   scores.data(), prompt, threads);
    const double scale = 1.0 / std::sqrt(static_cast<double>(columns));
    result.attention.resize(static_cast<std::size_t>(prompt));
    result.attention_mean.resize(static_cast<std::size_t>(prompt));
    parallel_blocks(threads, prompt, [&](std::int64_t first, std::int64_t last) {
        std::vector<double> weights(static_cast<std::size_t>(prompt));
        for (std::int64_t i = first; i < last; ++i) {
            const std::span row =
                std::span<const float>(scores).subspan(static_cast<std::size_t>(i * prompt), prompt);
            const double top = *std::max_element(row.begin(), row.end()) * scale;
            double sum = 0;
            for (std::size_t j = 0; j < row.size(); ++j) sum += weights[j] = std::exp(row[j] * scale - top);
            double mean = 0;
            for (double& w : weights) mean += (w /= sum) / prompt;
            result.attention_mean[static_cast<std::size_t>(i)] = rounded(mean, 5);
            result.attention[static_cast<std::size_t>(i)] = static_cast<float>(median(weights));
        }
    });
    min_max(result.attention);
    for (float& a : result.attention) a = rounded(a, 5);
}

}  // namespace llmx::method
