#include "view/pieces.hpp"

#include <set>
#include <string_view>

namespace llmx::view {
namespace {

std::vector<Piece> alone(const std::vector<std::string>& tokens) {
    std::vector<Piece> pieces;
    for (std::size_t i = 0; i < tokens.size(); ++i) pieces.push_back({tokens[i], i, i + 1});
    return pieces;
}

}  // namespace

std::vector<Piece> prompt_pieces(const Explanation& result) {
    const std::vector<std::string>& tokens = result.prompt;
    const std::set<int> partial(result.partial_tokens.begin(), result.partial_tokens.end());
    if (partial.empty()) return alone(tokens);
    std::vector<Piece> pieces;
    std::string_view rest = result.prompt_text;
    for (std::size_t i = 0; i < tokens.size();) {
        if (!partial.contains(static_cast<int>(i))) {
            std::string_view token = tokens[i];
            // The text of all has no space that SentencePiece puts before it.
            if (i == 0 && token.starts_with(' ') && !rest.starts_with(token)) token.remove_prefix(1);
            if (!rest.starts_with(token)) return alone(tokens);
            pieces.push_back({tokens[i], i, i + 1});
            rest.remove_prefix(token.size());
            ++i;
            continue;
        }
        std::size_t end = i;
        while (end < tokens.size() && partial.contains(static_cast<int>(end))) ++end;
        const std::size_t next = end < tokens.size() ? rest.find(tokens[end]) : rest.size();
        if (next == std::string_view::npos) return alone(tokens);
        pieces.push_back({std::string(rest.substr(0, next)), i, end});
        rest.remove_prefix(next);
        i = end;
    }
    return pieces;
}

}  // namespace llmx::view
