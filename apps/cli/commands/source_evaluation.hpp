#pragma once
// `llmx evaluate --questions`: questions whose passages are known, and how often they are found.

#include <llmx/explain_request.hpp>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

namespace llmx::cli {

/// A question over documents, with the sentences that hold its answer.
struct SourceQuestion {
    std::string id, kind;
    ExplainRequest request;
    /// Groups of sentences: of each group one is needed; none: no document holds the answer.
    std::vector<std::vector<std::string>> needed;
    std::vector<std::string> accepts;  ///< texts, one of which is in every right answer
};

/// A method's passages for one question, strongest first.
struct RankedPassages {
    std::string method;
    std::vector<std::string> texts;
    std::vector<std::string> sources = {};  ///< of `why`: those that it names
    bool names_sources = false;             ///< others only rank
    double seconds = 0;
};

/// The rankings of a result: of `why`, and of each method whose units are sentences.
std::vector<RankedPassages> rankings_of(const Explanation& result);

/// Does the answer hold one of the texts, whatever the case?
bool is_right(const SourceQuestion& question, const std::string& answer);

/// Means over questions.
class SourceScores {
public:
    void add(const SourceQuestion& question, const std::vector<RankedPassages>& rankings, bool is_right);
    void print(std::ostream& out, bool color) const;
    [[nodiscard]] nlohmann::ordered_json json() const;

private:
    struct Row {
        std::string method, kind;
        double questions = 0, first = 0, all = 0, reciprocal = 0;
        double named = 0, named_right = 0, needed = 0, grounded = 0, seconds = 0;
        bool names_sources = false;
    };
    Row& row(const std::string& method, const std::string& kind);
    static void add_ranked(Row& row, const SourceQuestion& question, const RankedPassages& found);

    std::vector<Row> rows_;
    int wrong_ = 0;  ///< questions that the model answers wrongly, which count for nothing
};

}  // namespace llmx::cli
