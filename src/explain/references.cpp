#include "explain/references.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>

#include "engine/text/vocabulary.hpp"

namespace llmx {

void require_references(const Request& request, const Model& model,
                        std::span<const method::BoundMethod> methods) {
    if (request.reference_texts.empty()) return;
    const bool wanted = std::any_of(methods.begin(), methods.end(), [](const method::BoundMethod& m) {
        return m.definition->takes_references;
    });
    if (!wanted) {
        throw Error(ErrorCode::usage,
                    "`reference_texts`: no method compares with them; expected `method` expected_gradients "
                    "with them");
    }
    for (std::size_t i = 0; i < request.reference_texts.size(); ++i) {
        if (!model.tokenize(request.reference_texts[i]).empty()) continue;
        throw Error(ErrorCode::input,
                    fmt::format("`reference_texts`: text {} has no tokens; expected at least one", i));
    }
}

std::vector<Tokens> reference_rows(const Request& request, const Model& model,
                                   const std::vector<bool>& fixed) {
    const bool from_start = !fixed.empty() && !fixed.front();
    const Token neutral = engine::neutral_token(model);
    std::vector<Tokens> all;
    for (const std::string& text : request.reference_texts) {
        const Tokens tokens =
            from_start ? model.tokenize_prompt(text, /*parse_special=*/false) : model.tokenize(text);
        Tokens& rows = all.emplace_back(fixed.size(), neutral);
        std::size_t next = 0;
        for (std::size_t r = 0; r < rows.size() && next < tokens.size(); ++r) {
            if (!fixed[r]) rows[r] = tokens[next++];
        }
    }
    return all;
}

}  // namespace llmx
