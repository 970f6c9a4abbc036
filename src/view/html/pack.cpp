#include "view/html/pack.hpp"

#include <openssl/evp.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "view/shortest.hpp"

namespace llmx::view {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t fewest = 32;

static_assert(std::endian::native == std::endian::little, "the page reads little-endian floats");

/// Appends the numbers of a list; false where one is no float, written as floats are.
bool append(const Json& list, std::vector<float>& to) {
    for (const Json& value : list) {
        if (!value.is_number_float()) return false;
        const double number = value.get<double>();
        const auto single = static_cast<float>(number);
        if (!std::isfinite(single) || shortest(single) != number) return false;
        to.push_back(single);
    }
    return true;
}

bool is_row(const Json& json) {
    return json.is_array() && json.size() >= fewest && json[0].is_number_float();
}

std::optional<Json> packed(const Json& json) {
    std::vector<float> values;
    Json shape = Json::array();
    if (is_row(json)) {
        if (!append(json, values)) return {};
        shape.push_back(json.size());
    } else if (!json.empty() && is_row(json[0])) {
        for (const Json& row : json) {
            if (!is_row(row) || row.size() != json[0].size() || !append(row, values)) return {};
        }
        shape.push_back(json.size());
        shape.push_back(json[0].size());
    } else {
        return {};
    }
    const std::size_t bytes = values.size() * sizeof(float);
    if (bytes > std::size_t{1} << 30) return {};  // EVP counts in int
    std::string base64(4 * ((bytes + 2) / 3) + 1, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()),
                    reinterpret_cast<const unsigned char*>(values.data()), static_cast<int>(bytes));
    base64.pop_back();
    return Json{{"float32", std::move(base64)}, {"shape", std::move(shape)}};
}

}  // namespace

void pack(Json& json) {
    if (json.is_array()) {
        if (auto small = packed(json)) {
            json = std::move(*small);
            return;
        }
    }
    if (json.is_structured()) {
        for (Json& child : json) pack(child);
    }
}

}  // namespace llmx::view
