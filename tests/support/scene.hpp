#pragma once
// A text as methods see it: a prompt and its answer, what is read off the answer.

#include <llmx/llmx.hpp>
#include <numeric>
#include <vector>

#include "method/context.hpp"

namespace llmx::test {

/// The pass over a prompt (of an encoder-decoder: the source) and an answer.
inline engine::PassInput written(const Model& model, const Tokens& prompt, const Tokens& answer) {
    engine::PassInput input;
    int before = static_cast<int>(prompt.size());
    if (model.facts().kind == ModelKind::encoder_decoder) {
        input = {.source = prompt, .ids = {engine::decoder_start_token(model)}};
        before = 1;
        input.ids.insert(input.ids.end(), answer.begin(), answer.end() - 1);
    } else {
        input.ids = prompt;
        input.ids.insert(input.ids.end(), answer.begin(), answer.end());
    }
    input.outputs.resize(answer.size());
    std::iota(input.outputs.begin(), input.outputs.end(), before - 1);
    return input;
}

/// Owns the session that a scene points to.
struct OwnedScene {
    engine::Session session;
    method::AttributionContext scene;

    /// The measure of the whole answer, or of each of its tokens.
    OwnedScene(const Model& model, const Tokens& prompt, const Tokens& answer, bool each,
               Measure measure = Measure::logprob, int micro_batch = 0)
        : session(model,
                  {.tokens = static_cast<int>(prompt.size() + answer.size()),
                   .outputs = static_cast<int>(answer.size()),
                   .source =
                       model.facts().kind == ModelKind::encoder_decoder ? static_cast<int>(prompt.size()) : 0,
                   .micro_batch = micro_batch}),
          scene{.session = session,
                .texts = {written(model, prompt, answer)},
                .answer = answer,
                .prompt = static_cast<int>(prompt.size()),
                .sources = static_cast<int>(prompt.size()),
                .fixed = std::vector<bool>(prompt.size()),
                .context = {},
                .units = {},
                .readout = nullptr,
                .target_rows = {},
                .arena = std::make_shared<tape::Arena>(),
                .memory_budget = 0,
                .threads = model.threads(),
                .tick = [](double) {}} {
        std::vector<objective::Target> targets(each ? answer.size() : 1);
        for (std::size_t t = 0; t < answer.size(); ++t)
            targets[each ? t : 0].terms.push_back({0, {static_cast<int>(t), answer[t], 1.0}});
        scene.readout = objective::written_readout(measure, std::move(targets));
    }
    OwnedScene(const OwnedScene&) = delete;
    OwnedScene& operator=(const OwnedScene&) = delete;
};

}  // namespace llmx::test
