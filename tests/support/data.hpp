#pragma once
// Files of tests/data.

#include <string>

namespace llmx::test {

/// The path of a file below tests/data, whose name may come in two pieces.
inline std::string data_file(const std::string& name, const std::string& rest = {}) {
    return std::string(LLMX_TEST_DATA) + "/" + name + rest;
}

}  // namespace llmx::test
