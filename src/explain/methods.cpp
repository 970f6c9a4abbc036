// The methods there are, as a user sees them.

#include <llmx/methods.hpp>

#include "method/definition.hpp"

namespace llmx {

namespace {

std::string to_string(method::Option::Kind kind) {
    switch (kind) {
        case method::Option::Kind::integer:
            return "whole";
        case method::Option::Kind::number:
            return "number";
        case method::Option::Kind::choice:
            return "word";
        default:
            return "flag";
    }
}

std::string family_of(const method::Definition& definition) {
    if (definition.read != nullptr) return "original";
    if (definition.perturb != nullptr) return "perturbation";
    return definition.look != nullptr ? "attention" : "gradient";
}

}  // namespace

std::vector<MethodFacts> known_methods() {
    std::vector<MethodFacts> all;
    for (const method::Definition* d : method::definitions()) {
        MethodFacts facts{std::string(d->name),
                          std::string(d->help),
                          std::string(d->source),
                          family_of(*d),
                          d->is_signed,
                          {},
                          d->slow};
        for (const method::Option& o : d->options) {
            facts.options.push_back({std::string(o.name),
                                     to_string(o.kind),
                                     std::string(o.default_value),
                                     std::string(o.help),
                                     {o.words.begin(), o.words.end()},
                                     o.low,
                                     o.high,
                                     o.several});
        }
        all.push_back(std::move(facts));
    }
    return all;
}

}  // namespace llmx
