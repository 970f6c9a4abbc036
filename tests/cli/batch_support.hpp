#pragma once
// Requests for llmx batch, and results without what is measured.

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include "program.hpp"
#include "support/temporary.hpp"

namespace llmx::test {

inline std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = std::min(text.find('\n', start), text.size());
        lines.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    return lines;
}

inline std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
}

/// A result's bytes without timings and memory.
inline std::string without_measurements(const std::string& text) {
    static const std::regex measured(R"re("timings_s":\{[^}]*\},"peak_rss_bytes":[0-9]+)re");
    return std::regex_replace(text, measured, "");
}

/// A request of its own by its number.
inline std::string good_request(int i) {
    nlohmann::ordered_json request;
    if (i % 3 != 0) request["id"] = "r" + std::to_string(i);
    request["prompt_ids"] = {5 + i, 6, 7, 8, 9, 10 + i};
    if (i % 2 == 0) request["answer_ids"] = {20, 21 + i};
    request["method"] = i % 4 == 1 ? "gradient" : "leave_one_out";
    return request.dump();
}

/// A file of 12 requests, the 4th and the 9th bad, and where results go.
class BatchFiles {
public:
    BatchFiles() {
        for (int i = 1; i <= 12; ++i) requests.push_back(good_request(i));
        requests[3] = R"({"id": "bad", "promt": "x"})";
        requests[8] = R"({"id": 9, "prompt_ids": [1, 2], "answer_ids": [99999999]})";
        write();
    }
    void write() const { spill(directory / "requests.jsonl", joined(requests)); }

    [[nodiscard]] Arguments arguments(const Arguments& more = {},
                                      const std::string& out = "results.jsonl") const {
        Arguments all = {"batch",
                         directory / "requests.jsonl",
                         "--out",
                         directory / out,
                         "--model",
                         golden("llama-tiny.gguf"),
                         "--max-new-tokens",
                         "4",
                         "--threads",
                         "1"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    [[nodiscard]] std::string results(const std::string& out = "results.jsonl") const {
        return slurp(directory / out);
    }
    /// What an uninterrupted run gives, without measurements.
    [[nodiscard]] std::string expected() const {
        const Outcome run = llmx(arguments({}, "expected.jsonl"));
        std::string text = without_measurements(results("expected.jsonl"));
        std::filesystem::remove(directory / "expected.jsonl");
        return text;
    }

    TemporaryDirectory directory;
    std::vector<std::string> requests;
};

inline bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace llmx::test
