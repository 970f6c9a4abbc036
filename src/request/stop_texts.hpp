#pragma once
// Texts that end an answer, looked for while it is written.

#include <cstddef>
#include <llmx/model.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace llmx::request {

class StopTexts {
public:
    explicit StopTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {}

    /// The next token's text. Gives back what can be shown: not what one of the texts may begin with.
    std::string add(std::string_view piece);
    /// What is left to show where the answer has ended by itself.
    std::string rest();
    [[nodiscard]] bool is_found() const { return at_.has_value(); }

    /// Ends an answer before the text that was found. Its tokens are those that begin before it, at least
    /// one.
    void cut(Generation& answer) const;

private:
    [[nodiscard]] std::size_t shown_end() const;

    const std::vector<std::string> texts_;
    std::string text_;
    std::vector<std::size_t> ends_;  ///< of the tokens
    std::size_t shown_ = 0;          ///< bytes of `text_`
    std::optional<std::size_t> at_;  ///< where the first one begins
};

}  // namespace llmx::request
