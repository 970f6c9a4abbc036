#include "engine/pass/graph.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
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

bool is_window(const TensorInfo& tensor) {
    return tensor.op == "NONE" || tensor.op == "VIEW" || tensor.op == "RESHAPE" || tensor.op == "PERMUTE" ||
           tensor.op == "TRANSPOSE";
}

std::string describe(const TensorInfo& tensor) {
    return fmt::format("{}{}{} [{}] \"{}\"", tensor.op, tensor.kind.empty() ? "" : " ", tensor.kind,
                       fmt::join(tensor.shape, ", "), tensor.name);
}

}  // namespace llmx::engine
