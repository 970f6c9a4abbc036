#include "engine/graph.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <llmx/error.hpp>
#include <numeric>

namespace llmx::engine {

std::vector<int> SubPass::rows_of(std::int64_t count) const {
    if (count == static_cast<std::int64_t>(outputs.size()) && count != rows) return outputs;
    if (count != rows) {
        throw Error(ErrorCode::internal,
                    fmt::format("replay: {} rows of a tensor are neither {} tokens nor {} outputs", count,
                                rows, outputs.size()));
    }
    std::vector<int> all(static_cast<std::size_t>(rows));
    std::iota(all.begin(), all.end(), first_row);
    return all;
}

const SubPass& Graph::pass_of(int node) const {
    return *std::find_if(passes.begin(), passes.end(),
                         [node](const SubPass& p) { return node < p.last_node; });
}

std::string describe(const TensorInfo& tensor) {
    return fmt::format("{}{}{} [{}] \"{}\"", tensor.op, tensor.kind.empty() ? "" : " ", tensor.kind,
                       fmt::join(tensor.shape, ", "), tensor.name);
}

int block_of(std::string_view name) {
    std::string_view digits;
    if (name.starts_with("blk.")) {
        digits = name.substr(4, name.find('.', 4) - 4);
    } else if (const auto dash = name.rfind('-'); dash != std::string_view::npos) {
        digits = name.substr(dash + 1);
        // llama.cpp's views carry a suffix: "kq-3 (view)"
        digits = digits.substr(0, digits.find(' '));
    }
    if (digits.empty()) return -1;
    int block = 0;
    for (const char c : digits) {
        if (std::isdigit(static_cast<unsigned char>(c)) == 0) return -1;
        block = block * 10 + (c - '0');
    }
    return block;
}

}  // namespace llmx::engine
