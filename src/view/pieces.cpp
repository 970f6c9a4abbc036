#include "view/pieces.hpp"

#include <map>
#include <numeric>
#include <span>
#include <string_view>

namespace llmx::view {
namespace {

/// Tokens that end inside a character, by their index in prompt and answer: their bytes, 0 where a result of
/// an earlier version does not say.
std::map<std::size_t, std::size_t> partial_tokens(const Explanation& result) {
    std::map<std::size_t, std::size_t> bytes;
    for (std::size_t i = 0; i < result.partial_tokens.size(); ++i) {
        const bool known = i < result.partial_token_bytes.size();
        bytes[static_cast<std::size_t>(result.partial_tokens[i])] =
            known ? static_cast<std::size_t>(result.partial_token_bytes[i]) : 0;
    }
    return bytes;
}

std::vector<Piece> alone(const std::vector<std::string>& tokens) {
    std::vector<Piece> pieces;
    for (std::size_t i = 0; i < tokens.size(); ++i) pieces.push_back({tokens[i], i, i + 1});
    return pieces;
}

/// Cuts a run of tokens [first, last), whose text is `text`, wherever a token ends with a character. `bytes`:
/// of each.
void add_run(std::string_view text, std::size_t first, std::span<const std::size_t> bytes,
             std::vector<Piece>& pieces) {
    const std::size_t total = std::accumulate(bytes.begin(), bytes.end(), std::size_t{0});
    std::size_t begin = 0;
    std::size_t at = 0;
    std::size_t from = first;
    for (std::size_t k = 0; k < bytes.size(); ++k) {
        at += bytes[k];
        const bool last = k + 1 == bytes.size();
        const bool boundary = at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
        if (!last && !(total == text.size() && boundary)) continue;
        const std::size_t end = last ? text.size() : at;
        pieces.push_back({std::string(text.substr(begin, end - begin)), from, first + k + 1});
        from = first + k + 1;
        begin = end;
    }
}

/// Of consecutive tokens, whose text together is `rest`; the first is `offset` in prompt and answer.
/// `partial`: bytes of those that end inside a character.
std::vector<Piece> pieces_of(const std::vector<std::string>& tokens,
                             const std::map<std::size_t, std::size_t>& partial, std::size_t offset,
                             std::string_view rest) {
    std::vector<Piece> pieces;
    for (std::size_t i = 0; i < tokens.size();) {
        if (!partial.contains(offset + i)) {
            std::string_view token = tokens[i];
            // The text of all has no space that SentencePiece puts before it.
            if (i == 0 && token.starts_with(' ') && !rest.starts_with(token)) token.remove_prefix(1);
            if (!rest.starts_with(token)) return alone(tokens);
            pieces.push_back({tokens[i], i, i + 1});
            rest.remove_prefix(token.size());
            ++i;
            continue;
        }
        std::vector<std::size_t> bytes;
        for (std::size_t k = i; k < tokens.size() && partial.contains(offset + k); ++k)
            bytes.push_back(partial.at(offset + k));
        const std::size_t end = i + bytes.size();
        const std::size_t next = end < tokens.size() ? rest.find(tokens[end]) : rest.size();
        if (next == std::string_view::npos) return alone(tokens);
        add_run(rest.substr(0, next), i, bytes, pieces);
        rest.remove_prefix(next);
        i = end;
    }
    return pieces;
}

}  // namespace

std::vector<Piece> prompt_pieces(const Explanation& result) {
    if (result.partial_tokens.empty()) return alone(result.prompt);
    return pieces_of(result.prompt, partial_tokens(result), 0, result.prompt_text);
}

std::vector<std::string> token_labels(const Explanation& result) {
    std::vector<std::string> labels;
    const auto add = [&](const std::vector<Piece>& pieces) {
        for (const Piece& piece : pieces) labels.insert(labels.end(), piece.last - piece.first, piece.text);
    };
    add(prompt_pieces(result));
    add(pieces_of(result.decode_output, partial_tokens(result), result.prompt.size(), result.prediction));
    return labels;
}

std::vector<std::string> unit_labels(const Explanation& result, const Attribution& entry) {
    // An encoder-decoder's rows behind the source are what its decoder reads, not the answer.
    std::vector<std::string> tokens = token_labels(result);
    if (result.model.kind == ModelKind::encoder_decoder) tokens.resize(result.prompt.size());
    std::vector<std::string> labels;
    for (const Unit& unit : entry.units) {
        const auto first = static_cast<std::size_t>(unit.tokens.front());
        const bool part = unit.tokens.size() == 1 && unit.text.find("\xEF\xBF\xBD") != std::string::npos;
        labels.push_back(part && first < tokens.size() ? tokens[first] : unit.text);
    }
    return labels;
}

}  // namespace llmx::view
