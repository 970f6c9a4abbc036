#pragma once

#include <string_view>

namespace llmx::engine {

/// The block of a node or weight by its name ("kq_soft_max-3", "blk.3.attn_q.weight"), or -1.
int block_of(std::string_view name);

}  // namespace llmx::engine
