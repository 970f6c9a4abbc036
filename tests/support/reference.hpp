#pragma once
// Numbers of other implementations, from tests/data/methods/reference.json (reference.py beside it writes
// it).

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "support/data.hpp"

namespace llmx::test {

inline nlohmann::json reference(const std::string& part) {
    std::ifstream file(data_file("methods/reference.json"));
    return nlohmann::json::parse(file).at(part);
}

}  // namespace llmx::test
