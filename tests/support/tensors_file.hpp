#pragma once
// A safetensors file's tensors as flat vectors.

#include <cstdint>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace llmx::test {

inline std::map<std::string, std::vector<float>> tensors_of(const std::string& bytes) {
    std::uint64_t length = 0;
    if (bytes.size() < 8) throw std::runtime_error("safetensors: too short");
    std::memcpy(&length, bytes.data(), 8);
    std::map<std::string, std::vector<float>> all;
    const auto header = nlohmann::json::parse(bytes.substr(8, length));
    for (const auto& [name, entry] : header.items()) {
        if (name == "__metadata__") continue;
        const std::size_t first = entry["data_offsets"][0], last = entry["data_offsets"][1];
        all[name].resize((last - first) / sizeof(float));
        std::memcpy(all[name].data(), bytes.data() + 8 + length + first, last - first);
    }
    return all;
}

}  // namespace llmx::test
