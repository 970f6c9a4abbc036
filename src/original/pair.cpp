#include "original/pair.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <llmx/error.hpp>

#include "core/parallel.hpp"
#include "engine/model/match.hpp"
#include "gemm/gemm.hpp"
#include "original/statistics.hpp"

namespace llmx::original {

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
        throw Error(
            ErrorCode::usage,
            fmt::format("`layer_names`: got {} names ({}); expected three: the query, key and value modules",
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
                fmt::format("`layer_names`: no block has all of {}; `llmx modules` lists the names",
                            fmt::join(names, ", ")));
}

/// The product of a module with its input in the text's sub-passes; of an encoder-decoder, in the encoder's.
std::vector<const engine::TensorInfo*> products_of(const engine::Graph& graph, const Module& module) {
    std::vector<const engine::TensorInfo*> products;
    int found_before = -1;  // a sub-pass that uses a module twice has its first product taken
    for (const int id : graph.nodes) {
        const engine::TensorInfo& node = graph.at(id);
        if (node.op != "MUL_MAT" || graph.at(node.sources[0]).name != module.gguf_name + ".weight") continue;
        const engine::SubPass& pass = graph.pass_of(node.order);
        if (pass.encodes != graph.passes.front().encodes || pass.first_node == found_before) continue;
        found_before = pass.first_node;
        products.push_back(&node);
    }
    return products;
}

/// The node after which the module's own scale and bias are applied.
const engine::TensorInfo& finished(const engine::Graph& graph, const Module& module,
                                   const engine::TensorInfo& product) {
    const engine::TensorInfo* last = &product;
    const int end = graph.pass_of(product.order).last_node;
    for (int i = product.order + 1; i < end; ++i) {
        const engine::TensorInfo& node = graph.at(graph.nodes[static_cast<std::size_t>(i)]);
        if ((node.op != "ADD" && node.op != "MUL") || graph.at(node.sources[0]).root != last->root) continue;
        const std::string& with = graph.at(node.sources[1]).name;
        if (with == module.gguf_name + ".bias" || with == module.gguf_name + ".scale") last = &node;
    }
    return *last;
}

/// An encoder-decoder has modules of the same names in both; only the encoder's are meant.
std::vector<Module> modules_of(const engine::Graph& graph, const std::vector<Module>& modules) {
    if (graph.passes.size() == 1 || !graph.passes.front().encodes) return modules;
    std::vector<Module> encoder;
    for (const Module& module : modules) {
        if (!products_of(graph, module).empty()) encoder.push_back(module);
    }
    return encoder;
}

}  // namespace

OriginalPairScores::OriginalPairScores(const engine::Graph& graph, const std::vector<Module>& all,
                                       const ModelFacts& facts, const PairOptions& options, int prompt)
    : graph_(graph), prompt_(prompt), head_size_(facts.head_size) {
    const std::vector<Module> modules = modules_of(graph, all);
    const Triple triple = select(modules, names_for(modules, options), facts, options.strict, block_);
    const bool fused = triple[0] == triple[1] && triple[1] == triple[2];
    if (!fused && triple[0] == triple[1]) {
        throw Error(
            ErrorCode::usage,
            fmt::format("`layer_names`: the query and the key pattern both select {}; expected two modules",
                        triple[0]->gguf_name));
    }
    query_ = side_of(*triple[0], facts, options.is_input, fused, 0);
    key_ = side_of(*triple[1], facts, options.is_input, fused, 1);
    if (query_.columns % key_.columns != 0) {
        throw Error(ErrorCode::unsupported,
                    fmt::format("`layer_names`: {} query columns cannot be shared by {} key columns",
                                query_.columns, key_.columns));
    }
}

OriginalPairScores::Side OriginalPairScores::side_of(const Module& module, const ModelFacts& facts,
                                                     bool is_input, bool fused, int which) const {
    Side side;
    const tape::Lineage lineage(graph_);
    const std::int64_t queries = std::int64_t{facts.heads} * facts.head_size;
    const std::int64_t keys = std::int64_t{facts.kv_heads} * facts.head_size;
    for (const engine::TensorInfo* product : products_of(graph_, module)) {
        if (is_input) {
            const int source = product->sources[1];
            side.parts.push_back({product->order, source, lineage.read_by(source, product->order), 0});
            side.columns = graph_.at(source).shape[3];
            continue;
        }
        const engine::TensorInfo& output = finished(graph_, module, *product);
        if (fused && queries + 2 * keys != output.shape[3]) {
            throw Error(
                ErrorCode::unsupported,
                fmt::format("`layer_names`: {} has {} columns, which {} query and {} key-value heads of {} "
                            "do not make up",
                            module.gguf_name, output.shape[3], facts.heads, facts.kv_heads, facts.head_size));
        }
        side.parts.push_back(
            {output.order, output.id, lineage.written_by(output.order), fused && which == 1 ? queries : 0});
        side.columns = !fused ? output.shape[3] : which == 0 ? queries : keys;
    }
    if (side.parts.empty()) {
        throw Error(ErrorCode::usage, fmt::format("`layer_names`: {} is not a linear module of the pass; "
                                                  "expected the query, key and value projections",
                                                  module.gguf_name));
    }
    side.rows.resize(static_cast<std::size_t>(prompt_ * side.columns));
    return side;
}

std::vector<replay::RequiredValue> OriginalPairScores::needs() const {
    std::vector<replay::RequiredValue> needs;
    for (const Side* side : {&query_, &key_}) {
        for (const Part& part : side->parts) needs.push_back({part.node, part.key});
    }
    return needs;
}

void OriginalPairScores::read(const tape::Tape& tape, int first, int last) {
    read(tape, first, last, query_);
    read(tape, first, last, key_);
}

void OriginalPairScores::read(const tape::Tape& tape, int first, int last, Side& side) const {
    for (const Part& part : side.parts) {
        if (part.node < first || part.node >= last) continue;
        const TensorView<const float> value = tape.value(part.key, graph_.at(part.tensor));
        const std::vector<int> rows = graph_.pass_of(part.node).rows_of(value.rows());
        for (std::size_t r = 0; r < rows.size(); ++r) {
            if (rows[r] >= prompt_) continue;
            std::copy_n(value.row(static_cast<std::int64_t>(r)) + part.column, side.columns,
                        side.rows.begin() + rows[r] * side.columns);
        }
    }
}

/// The rows with key-value heads repeated to the queries' columns.
std::vector<float> OriginalPairScores::repeated(const Side& side) const {
    const std::int64_t columns = query_.columns;
    if (side.columns == columns) return side.rows;
    const std::int64_t repeat = columns / side.columns;
    std::vector<float> rows(static_cast<std::size_t>(prompt_ * columns));
    for (int p = 0; p < prompt_; ++p) {
        const float* from = side.rows.data() + p * side.columns;
        for (std::int64_t c = 0; c < columns; ++c) {
            const std::int64_t head = c / head_size_ / repeat;
            rows[static_cast<std::size_t>(p * columns + c)] = from[head * head_size_ + c % head_size_];
        }
    }
    return rows;
}

PairResult OriginalPairScores::finish(int threads) const {
    PairResult result;
    result.block = block_;
    const int prompt = prompt_;
    const std::int64_t columns = query_.columns;
    const std::vector<float> queries = repeated(query_);
    const std::vector<float> keys = repeated(key_);
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
    return result;
}

}  // namespace llmx::original
