#include <array>
#include <llmx/error.hpp>

#include "core/suggest.hpp"
#include "task/definition.hpp"

namespace llmx {

namespace task {

const std::vector<const Definition*>& definitions() {
    static const std::vector<const Definition*> all{
#define LLMX_TASK(name, file) &name(),
#include "task/tasks.def"
#undef LLMX_TASK
    };
    return all;
}

const Definition& definition(Task task) {
    for (const Definition* d : definitions()) {
        if (d->task == task) return *d;
    }
    throw Error(ErrorCode::internal, "task: it has no definition");
}

}  // namespace task

std::string to_string(Task task) { return std::string(task::definition(task).name); }

Task parse_task(const std::string& name) {
    if (name == "summarizations") return Task::summarization;  // the original toolbox's spelling
    std::vector<std::string> known;
    for (const task::Definition* d : task::definitions()) {
        if (d->name == name) return d->task;
        known.emplace_back(d->name);
    }
    throw_unknown("`task`", name, known);
}

}  // namespace llmx
