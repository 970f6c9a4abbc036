#pragma once
// Why an answer says what it says: the passages of the prompt that each of its sentences rests on.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <llmx/enums.hpp>
#include <llmx/tensor.hpp>

namespace llmx {

/// A sentence of the prompt, or neighbouring ones that were not looked at one by one.
struct WhyPassage {
    std::string text = {};
    /// Of the part that it stands in: "document", "context", a message's "user", "tool", ...; empty in a
    /// prompt without parts.
    std::string role = {};
    int part = 0;                    ///< number of that part among those of its role, from 1
    std::string title = {};          ///< of a document
    std::pair<int, int> lines = {};  ///< of that part (of a prompt without parts), both included, from 1
    std::vector<int> tokens = {};    ///< of the prompt, ascending
};

/// What a sentence of the answer rests on.
struct WhySource {
    int passage = 0;  ///< index in Why::passages
    /// What the sentence's log-probability loses without the passage, in nats.
    double strength = 0;
    /// Of the sentence's tokens, geometric mean, without the passage.
    double probability_without = 0;
    /// How often a passage that does not matter would lose as much: Student's t for one more of the `others`.
    /// None with fewer than three.
    std::optional<double> p_value = {};
    /// The strength is what is lost without this passage and all others that say the same: without it alone,
    /// little is.
    bool is_substitute = false;
};

/// A sentence of the answer.
struct WhySentence {
    std::string text = {};
    std::pair<int, int> tokens = {};      ///< of the answer, [first, last)
    double logprob = 0;                   ///< of the tokens together
    double probability = 0;               ///< of a token, geometric mean
    double probability_alone = 0;         ///< ... without any of the passages
    bool is_grounded = false;             ///< it rests on at least one passage
    std::vector<WhySource> sources = {};  ///< strongest first
    int others = 0;  ///< passages that the sources were compared with, which make no difference
};

/// The answer of Request::why: docs/why.md.
struct Why {
    std::vector<WhyPassage> passages = {};  ///< in order of the prompt; question and instructions are not
    std::vector<WhyPassage> asked = {};     ///< question and instructions: they stay in every text
    std::vector<WhySentence> sentences = {};
    /// [sentences, passages], nats: what each sentence loses without each passage, WhySource::strength.
    Tensor strengths = {};
    std::vector<int> substitutes = {};    ///< passages of which WhySource::is_substitute
    Absence absence = Absence::deletion;  ///< how passages were taken away
    int runs = 0;                         ///< texts that were run
    double passes = 0;                    ///< tokens computed, over those of prompt and answer
};

}  // namespace llmx
