#include "view/base64.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace llmx::view {

static_assert(std::endian::native == std::endian::little, "float arrays are written as they are in memory");

std::string base64(std::span<const std::uint8_t> bytes) {
    std::string text((bytes.size() + 2) / 3 * 4, '\0');
    // writes a 0 behind the text too: where std::string has its own
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                    static_cast<int>(bytes.size()));
    return text;
}

std::optional<std::vector<std::uint8_t>> from_base64(const std::string& text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::vector<std::uint8_t> bytes(text.size() / 4 * 3);
    if (text.empty()) return bytes;
    // EVP_DecodeBlock trims white space, and takes padding anywhere
    const std::size_t end =
        text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    const std::size_t padding = end == std::string::npos ? 0 : text.size() - end;
    if (padding > 2 || text.find_first_not_of('=', text.size() - padding) != std::string::npos)
        return std::nullopt;
    const int length = EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()));
    if (length < 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(length) - padding);
    return bytes;
}

std::string base64_floats(std::span<const float> values) {
    return base64({reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()});
}

std::optional<std::vector<float>> floats_from_base64(const std::string& text) {
    const auto bytes = from_base64(text);
    if (!bytes || bytes->size() % sizeof(float) != 0) return std::nullopt;
    std::vector<float> values(bytes->size() / sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), bytes->data(), bytes->size());
    if (!std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); }))
        return std::nullopt;
    return values;
}

}  // namespace llmx::view
