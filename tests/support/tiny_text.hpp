#pragma once
// The tiny model of a family, and the text of its golden file.

#include <string>

#include "support/data.hpp"
#include "support/golden_file.hpp"
#include "support/pass_results.hpp"

namespace llmx::test {

class TinyText {
public:
    explicit TinyText(const std::string& family)
        : model(Model::load(data_file(family, "-tiny") + ".gguf")),
          ids(GoldenFile(data_file(family, "-tiny") + ".golden.gguf").ids("ids")) {}

    const Model model;
    const Tokens ids;

    /// Whose results predict the answer.
    [[nodiscard]] engine::PassInput input() const {
        engine::PassInput input{.ids = ids};
        for (int p = prompt_size - 1; p + 1 < static_cast<int>(ids.size()); ++p) input.outputs.push_back(p);
        return input;
    }
    [[nodiscard]] PassResults results(int micro_batch = 0, std::size_t budget = 0) const {
        const Tokens answer(ids.begin() + prompt_size, ids.end());
        return per_term(model, input(), objective::terms(Objective::generated, answer, {}), micro_batch,
                        budget);
    }
    [[nodiscard]] AttentionResult attention(int micro_batch = 0, std::size_t budget = 0,
                                            std::size_t* pieces = nullptr) const {
        return test::attention(model, input(), replay::AttentionKind::self, prompt_size,
                               static_cast<int>(ids.size()) - prompt_size, micro_batch, budget, pieces);
    }
};

}  // namespace llmx::test
