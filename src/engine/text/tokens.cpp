#include <fmt/format.h>

#include <exception>
#include <limits>

#include "engine/llama_guard.hpp"
#include "engine/model/model_impl.hpp"
#include "engine/model/requirements.hpp"
#include "engine/text/spelling.hpp"
#include "text/characters.hpp"
#include "text/utf8.hpp"

namespace llmx {

using engine::LlamaGuard;
using engine::one_line;

namespace {

// llama.cpp returns minus the needed size if the buffer is too small.
constexpr std::size_t most_bytes = std::numeric_limits<std::int32_t>::max() / 4;

void require_tokenizer(const ModelImpl& impl) {
    if (llama_vocab_type(impl.vocab()) != LLAMA_VOCAB_TYPE_NONE) return;
    throw Error(ErrorCode::model,
                fmt::format("model {}: has no tokenizer; expected one in the file, or token ids as input",
                            impl.facts.path));
}

}  // namespace

Tokens Model::tokenize(std::string_view text, bool add_special, bool parse_special) const {
    utf8::require_valid(text, "text");
    require_tokenizer(*impl_);
    if (text.size() > most_bytes) {
        throw Error(ErrorCode::input,
                    fmt::format("text: {} bytes; expected at most {}", text.size(), most_bytes));
    }
    std::string decomposed;
    if (impl_->strips_accents) {
        decomposed = decompose_hangul(text);
        text = decomposed;
    }
    const LlamaGuard guard;
    const auto run = [&](Tokens& ids) {
        return llama_tokenize(impl_->vocab(), text.data(), static_cast<std::int32_t>(text.size()), ids.data(),
                              static_cast<std::int32_t>(ids.size()), add_special, parse_special);
    };
    try {
        Tokens ids(text.size() / 2 + 8);
        std::int32_t count = run(ids);
        if (count < 0 && count != std::numeric_limits<std::int32_t>::min()) {
            ids.resize(static_cast<std::size_t>(-count));
            count = run(ids);
        }
        if (count < 0) throw Error(ErrorCode::input, "text: too long to tokenise");
        ids.resize(static_cast<std::size_t>(count));
        return ids;
    } catch (const Error&) {
        throw;
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception& e) {  // also a failed assertion
        throw Error(ErrorCode::input,
                    fmt::format("text: the model's tokenizer rejects it: {}", one_line(e.what())));
    }
}

Tokens Model::tokenize_prompt(std::string_view text, bool parse_special) const {
    return engine::prompt_tokens(*this, text, parse_special);
}

std::string Model::detokenize(std::span<const Token> ids, bool special) const {
    require_tokenizer(*impl_);
    engine::require_tokens(*this, ids);
    if (ids.empty()) return {};
    const LlamaGuard guard;
    std::string text(ids.size() * 8 + 16, '\0');
    const auto run = [&] {
        return llama_detokenize(impl_->vocab(), ids.data(), static_cast<std::int32_t>(ids.size()),
                                text.data(), static_cast<std::int32_t>(text.size()), /*remove_special=*/false,
                                special);
    };
    try {
        std::int32_t length = run();
        if (length < 0) {
            text.resize(static_cast<std::size_t>(-length));
            length = run();
        }
        if (length < 0) throw Error(ErrorCode::internal, "token ids: llama.cpp cannot turn them into text");
        text.resize(static_cast<std::size_t>(length));
    } catch (const engine::LlamaAbort& e) {
        throw Error(ErrorCode::internal, fmt::format("token ids: {}", e.what()));
    }
    // WordPiece writes a space before every word, the first one included.
    if (llama_vocab_type(impl_->vocab()) == LLAMA_VOCAB_TYPE_WPM && text.starts_with(' ')) text.erase(0, 1);
    return utf8::replace_invalid(text);
}

std::string Model::token_bytes(Token id, bool special) const {
    require_tokenizer(*impl_);
    engine::require_tokens(*this, std::span(&id, 1));
    const LlamaGuard guard;
    std::string bytes(32, '\0');
    const auto run = [&] {
        return llama_token_to_piece(impl_->vocab(), id, bytes.data(), static_cast<std::int32_t>(bytes.size()),
                                    /*lstrip=*/0, special);
    };
    try {
        std::int32_t length = run();
        if (length < 0) {
            bytes.resize(static_cast<std::size_t>(-length));
            length = run();
        }
        if (length < 0)
            throw Error(ErrorCode::internal, fmt::format("token {}: llama.cpp has no text for it", id));
        bytes.resize(static_cast<std::size_t>(length));
    } catch (const engine::LlamaAbort& e) {
        throw Error(ErrorCode::internal, fmt::format("token {}: {}", id, e.what()));
    }
    return bytes;
}

}  // namespace llmx
