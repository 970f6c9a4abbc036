#include "core/suggest.hpp"
#include "method/definition.hpp"

namespace llmx::method {

const std::vector<const Definition*>& definitions() {
    static const std::vector<const Definition*> all{
#define LLMX_METHOD(name, file) &name(),
#include "method/methods.def"
#undef LLMX_METHOD
    };
    return all;
}

std::vector<Option> game_options(std::vector<Option> own) {
    std::vector<Option> all = {
        {.name = "baseline",
         .kind = Option::Kind::choice,
         .default_value = "token",
         .help = "what takes an absent unit's place: token (baseline_token), deletion (positions shift), "
                 "attention_mask (its keys are hidden from the others, positions stay)",
         .words = {"token", "deletion", "attention_mask"},
         .several = true},
        {.name = "baseline_token",
         .kind = Option::Kind::integer,
         .default_value = "-1",
         .help = "id of the token that stands for absence; -1: the model's padding or end token",
         .low = -1,
         .several = true}};
    all.insert(all.end(), own.begin(), own.end());
    return all;
}

std::vector<Option> function_options(std::vector<Option> own) {
    own.push_back({.name = "layer",
                   .kind = Option::Kind::integer,
                   .default_value = "-1",
                   .help = "differentiate at the residual stream after this block; -1: at the embeddings",
                   .low = -1});
    return own;
}

const Definition& definition(std::string_view name) {
    std::vector<std::string> known;
    for (const Definition* d : definitions()) {
        if (d->name == name) return *d;
        known.emplace_back(d->name);
    }
    throw_unknown("`method`", name, known);
}

}  // namespace llmx::method
