#pragma once
// What a request will take, before it begins.

#include <cstddef>
#include <cstdint>
#include <llmx/request.hpp>
#include <span>

#include "method/bound_method.hpp"
#include "replay/replay.hpp"

namespace llmx {

/// Runs of the model that a request may take: more than anybody waits for. A service allows fewer.
constexpr double most_runs = 1e7;

/// The largest memory budget that nobody has to ask for, in bytes.
constexpr std::size_t usual_memory_budget = std::size_t{2} << 30U;

/// Throws Error{usage} where methods and check together run the model more than `most` times, or Error{input}
/// where what they keep of their runs exceeds the request's memory budget. Names the key that asks for most.
void require_affordable(const Request& request, std::span<const method::BoundMethod> methods,
                        const method::Extent& extent, double most);

/// Throws Error{input} where tensors that the result is to keep exceed the request's memory budget.
void require_room(const Request& request, const Model& model, std::size_t prompt, std::size_t answer);

/// The memory budget, but at most half of the free memory: the rest of a pass takes about as much as the
/// values it records. A budget of 0 means no bound; free 0 means unknown.
std::size_t fitting_budget(std::size_t budget, std::uint64_t free);

/// Before a pass is recorded: tells Request::notice where it will take more than half of the free memory
/// (`free`, bytes; 0: unknown), and throws Error{input} where it would take more than all of it.
void require_memory(const Request& request, const replay::Replay& replay, std::uint64_t free);

}  // namespace llmx
