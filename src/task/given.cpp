#include "task/given.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>

#include "task/inputs.hpp"

namespace llmx::task {
namespace {

/// A visitor of the rows that notes what has a value.
struct Collector {
    std::vector<Given> found = {};

    void group(const char* /*heading*/) {}
    template <class Value>
    void text(const char* key, const Value& value, const char* /*help*/, const KeyFacts& facts) {
        if (value) found.push_back({key, facts});
    }
    template <class Value>
    void ids(const char* key, const Value& value, const char* help, const KeyFacts& facts) {
        text(key, value, help, facts);
    }
    template <class Value>
    void span(const char* key, const Value& value, const char* help, const KeyFacts& facts) {
        text(key, value, help, facts);
    }
    void flag(const char* key, bool value, const char* /*help*/, const KeyFacts& facts) {
        if (value) found.push_back({key, facts});
    }
    void documents(const char* key, const std::vector<Document>& value, const char* /*help*/,
                   const KeyFacts& facts) {
        if (!value.empty()) found.push_back({key, facts});
    }
    void messages(const char* key, const std::vector<Message>& value, const char* /*help*/,
                  const KeyFacts& facts) {
        if (!value.empty()) found.push_back({key, facts});
    }
};

}  // namespace

std::vector<Given> given(const TaskInputs& inputs) {
    TaskInputs copy = inputs;
    Collector collector;
    visit(collector, copy);
    return collector.found;
}

void require_one_of_each(std::span<const Given> given) {
    for (auto first = given.begin(); first != given.end(); ++first) {
        if (first->facts.one_of.empty()) continue;
        const auto excluded = std::find_if(std::next(first), given.end(), [&](const Given& other) {
            return other.facts.one_of == first->facts.one_of;
        });
        if (excluded == given.end()) continue;
        throw Error(ErrorCode::usage, fmt::format("`{}`, `{}`: given together; expected one of them",
                                                  first->key, excluded->key));
    }
}

}  // namespace llmx::task
