#include "text/characters.hpp"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <cstdint>
#include <llmx/error.hpp>

#include "text/utf8.hpp"

namespace llmx {
namespace {

const icu::Normalizer2& canonical_decomposition() {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* const nfd = icu::Normalizer2::getNFDInstance(status);
    if (U_FAILURE(status)) throw Error(ErrorCode::internal, "ICU: has no data for normalisation form D");
    return *nfd;
}

bool is_hangul_syllable(UChar32 c) {
    const int kind = u_getIntPropertyValue(c, UCHAR_HANGUL_SYLLABLE_TYPE);
    return kind == U_HST_LV_SYLLABLE || kind == U_HST_LVT_SYLLABLE;
}

}  // namespace

void each_character(std::string_view text, const std::function<void(char32_t, std::string_view)>& f) {
    while (!text.empty()) {
        const utf8::Character character = utf8::first_character(text);
        f(static_cast<char32_t>(character.code), text.substr(0, character.length));
        text.remove_prefix(character.length);
    }
}

int cells(char32_t character) {
    const auto c = static_cast<UChar32>(character);
    const int type = u_charType(c);
    if (type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK) return 0;
    if (u_hasBinaryProperty(c, UCHAR_EMOJI_MODIFIER)) return 0;
    const int width = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
    return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

bool is_invisible(char32_t character) {
    const auto c = static_cast<UChar32>(character);
    if (u_hasBinaryProperty(c, UCHAR_NONCHARACTER_CODE_POINT)) return true;
    // Hangul's filler is a letter to Unicode and blank to everybody else.
    constexpr UChar32 filler = 0x3164;
    const std::uint32_t invisible = U_GC_CC_MASK | U_GC_CF_MASK | U_GC_ZL_MASK | U_GC_ZP_MASK;
    return c == filler || (U_MASK(u_charType(c)) & invisible) != 0;
}

std::string decompose_hangul(std::string_view text) {
    const icu::Normalizer2& nfd = canonical_decomposition();
    std::string result;
    each_character(text, [&](char32_t character, std::string_view bytes) {
        const auto c = static_cast<UChar32>(character);
        icu::UnicodeString letters;
        if (is_hangul_syllable(c) && nfd.getDecomposition(c, letters)) {
            letters.toUTF8String(result);
        } else {
            result += bytes;
        }
    });
    return result;
}

std::string composed(std::string_view text) {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* const nfc = icu::Normalizer2::getNFCInstance(status);
    std::string result;
    if (U_SUCCESS(status)) {
        icu::StringByteSink<std::string> sink(&result);
        nfc->normalizeUTF8(0, icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())), sink,
                           nullptr, status);
    }
    if (U_FAILURE(status)) throw Error(ErrorCode::internal, "ICU: cannot normalise to form C");
    return result;
}

}  // namespace llmx
