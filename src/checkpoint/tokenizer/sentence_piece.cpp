#include "checkpoint/tokenizer/sentence_piece.hpp"

#include <fmt/format.h>

#include <bit>
#include <llmx/error.hpp>
#include <optional>

namespace llmx::checkpoint {
namespace {

/// One field of a protocol buffer message: a number or bytes.
struct Field {
    std::uint64_t number = 0;
    std::uint64_t value = 0;  ///< of a varint or a fixed number
    std::string_view bytes;   ///< of a length-delimited field
};

class Message {
public:
    Message(std::string_view bytes, const std::string& name) : rest_(bytes), name_(name) {}

    std::optional<Field> next() {
        if (rest_.empty()) return std::nullopt;
        const std::uint64_t tag = varint();
        Field field;
        field.number = tag >> 3U;
        switch (tag & 7U) {
            case 0:
                field.value = varint();
                break;
            case 1:
                field.value = fixed(8);
                break;
            case 2:
                field.bytes = take(varint());
                break;
            case 5:
                field.value = fixed(4);
                break;
            default:
                fail("a field of an unknown wire type");
        }
        return field;
    }

    [[noreturn]] void fail(const std::string& what) const {
        throw Error(ErrorCode::model, fmt::format("{}: {}; expected a SentencePiece model", name_, what));
    }

private:
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = static_cast<std::uint8_t>(take(1)[0]);
            value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
            if ((byte & 0x80U) == 0) return value;
        }
        fail("a number of more than 64 bits");
    }

    std::uint64_t fixed(std::size_t count) {
        const std::string_view bytes = take(count);
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[i])) << (8 * i);
        }
        return value;
    }

    std::string_view take(std::uint64_t count) {
        if (count > rest_.size()) fail("truncated or corrupt");
        const std::string_view taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }

    std::string_view rest_;
    const std::string& name_;
};

SentencePiece parse_piece(std::string_view bytes, const std::string& name) {
    SentencePiece piece;
    Message message(bytes, name);
    while (const auto field = message.next()) {
        if (field->number == 1) piece.text = std::string(field->bytes);
        if (field->number == 2) piece.score = std::bit_cast<float>(static_cast<std::uint32_t>(field->value));
        if (field->number == 3) piece.type = static_cast<std::uint32_t>(field->value);
    }
    if (piece.type < 1 || piece.type > 6) message.fail(fmt::format("a piece of type {}", piece.type));
    return piece;
}

}  // namespace

SentencePieceModel parse_sentence_piece(std::string_view bytes, const std::string& name) {
    SentencePieceModel model;
    Message message(bytes, name);
    while (const auto field = message.next()) {
        if (field->number == 1) model.pieces.push_back(parse_piece(field->bytes, name));
        if (field->number != 2 && field->number != 3) continue;
        Message part(field->bytes, name);
        while (const auto inner = part.next()) {
            if (field->number == 2) {  // trainer_spec
                if (inner->number == 3) model.kind = static_cast<std::uint32_t>(inner->value);
                if (inner->number == 24) model.whitespace_as_suffix = inner->value != 0;
                if (inner->number == 35) model.byte_fallback = inner->value != 0;
            } else {  // normalizer_spec
                if (inner->number == 1) model.normalization = std::string(inner->bytes);
                if (inner->number == 2) model.charsmap.assign(inner->bytes.begin(), inner->bytes.end());
                if (inner->number == 3) model.add_dummy_prefix = inner->value != 0;
                if (inner->number == 4) model.remove_extra_whitespaces = inner->value != 0;
                if (inner->number == 5) model.escape_whitespaces = inner->value != 0;
            }
        }
    }
    if (model.pieces.empty()) message.fail("no pieces");
    return model;
}

}  // namespace llmx::checkpoint
