// The methods there are, as a user sees them.

#include <llmx/methods.hpp>

#include "method/definition.hpp"

namespace llmx {

namespace {

std::string to_string(method::Option::Kind kind) {
    switch (kind) {
        case method::Option::Kind::whole:
            return "whole";
        case method::Option::Kind::number:
            return "number";
        case method::Option::Kind::word:
            return "word";
        default:
            return "flag";
    }
}

}  // namespace

std::vector<MethodFacts> known_methods() {
    std::vector<MethodFacts> all = {
        {"attention",
         "the original toolbox's attention scores, and the true softmax weights",
         "original",
         false,
         {}},
        {"gradient", "the original toolbox's saliency map of the objective", "original", false, {}}};
    for (const method::Definition* d : method::definitions()) {
        MethodFacts facts{std::string(d->name),
                          std::string(d->help),
                          d->differentiate != nullptr ? "gradient"
                          : d->perturb != nullptr     ? "perturbation"
                                                      : "attention",
                          d->is_signed,
                          {}};
        for (const method::Option& o : d->options) {
            facts.options.push_back({std::string(o.name),
                                     to_string(o.kind),
                                     std::string(o.fallback),
                                     std::string(o.help),
                                     {o.words.begin(), o.words.end()}});
        }
        all.push_back(std::move(facts));
    }
    return all;
}

}  // namespace llmx
