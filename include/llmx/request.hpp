#pragma once
// A request in tokens: what to explain, and how. llmx/task.hpp builds one from texts.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <llmx/enums.hpp>
#include <llmx/model.hpp>

namespace llmx {

/// Input of an encoder with a question-answering head: a question about a context, given as texts, or as the
/// ids of the pair in Request::input_ids.
struct QuestionPair {
    std::string question = {};
    std::string context = {};
    std::vector<int> token_types = {};  ///< of input_ids; empty: inferred from the separators
    bool must_answer = false;           ///< the best span even where the class token scores higher
    std::string label = {};             ///< the ground truth, as a text in the context
    /// The ground truth as characters [first, last) of the context, instead of `label`.
    std::optional<std::pair<int, int>> label_span = {};
};

/// Which parts of an answer are explained, for methods that produce an Attribution.
struct TargetChoice {
    bool each = false;  ///< explain each token of the span separately, instead of their sum
    std::optional<std::pair<int, int>> span = {};  ///< answer tokens [first, last); empty: all
    std::string span_text = {};                    ///< ... or as a text that occurs once in the answer
    /// If positive: the N most probable tokens at each position of the span, each as a target.
    int alternatives = 0;
    /// Another answer, or what could stand in the span's place; explains f(answer or span) - f(contrast).
    Tokens contrast = {};
    Measure measure = Measure::logprob;
    bool all_sources = false;  ///< include earlier answer tokens as sources
};

/// How tokens are grouped into units. Each unit gets one score.
struct UnitChoice {
    UnitKind kind = UnitKind::token;
    std::string pattern = {};  ///< for regex: each match is a unit
    std::vector<std::pair<int, int>> spans =
        /// For spans: characters [first, last) of the prompt's text.
        {};
    Aggregation aggregation = Aggregation::automatic;
    FixedTokens fixed = FixedTokens::automatic;  ///< `hold` in JSON
    /// A part of the prompt's text that comes from a chat message or a task's input: bytes [first, last) of
    /// the concatenated bytes of its tokens, and its role ("user", "question").
    struct Part {
        std::size_t first = 0, last = 0;
        std::string role;
        std::string title = {};  ///< of a document
    };
    /// Parts of the prompt in ascending order; set by `prepare`.
    std::vector<Part> parts = {};
    bool has_template = false;  ///< the prompt was made by the chat template; set by `prepare`
    std::string unplaced = {};  ///< why parts are missing for a prompt that has them; set by `prepare`
    /// The context for kl and context_reliance: characters [first, last) of the prompt's text.
    std::optional<std::pair<int, int>> context = {};
    std::string context_text = {};  ///< ... or as a text that occurs once in the prompt
};

/// Which data is recorded for views of attention and the residual stream (llmx/view_data.hpp).
struct RecordChoice {
    bool attention = false;  ///< softmax weights of every block and head
    bool neuron = false;     ///< queries and keys
    bool if_any = false;     ///< record neither, instead of an error, for a model without softmax attention
    std::vector<int> blocks = {};  ///< blocks for attention and neuron; empty: all
    /// Maximum size of attention and neuron data together, in bytes of JSON; 0: unlimited.
    std::size_t budget = 2'000'000;
    int logit_lens = 0;  ///< number of most probable tokens after every block; 0: none

    [[nodiscard]] bool any() const { return attention || neuron || logit_lens > 0; }
};

/// A place in the prompt's text: words that occur there once, or characters [first, last).
struct PromptPlace {
    std::string words = {};
    /// Without words: the place. With words that read as a range, such as "9:30": the place unless they are
    /// words of the prompt.
    std::optional<std::pair<int, int>> characters = {};
};

/// How to measure the faithfulness of maps (docs/definitions.md, section 5).
struct Check {
    int random_seeds = 5;    ///< number of random rankings; each costs 18 runs of the model, like each method
    std::uint32_t seed = 0;  ///< of the rankings, which are others for every seed
    Absence absence = Absence::token;  ///< what replaces an absent unit, for all methods
    int absence_token = -1;            ///< for token; -1: the model's own
    /// Random subsets of units for Faithfulness::infidelity, each a run of the model; 0: not measured, else 2
    /// to 100,000.
    int infidelity = 0;
    /// Noisy points for Faithfulness::sensitivity_max, 0 (not measured) to 1,000: each takes as long as the
    /// method itself.
    int sensitivity = 0;
};

/// Which passages of the prompt each sentence of the answer rests on, whatever targets and units are chosen.
struct WhyChoice {
    bool asked = false;  ///< fill Explanation::why
    int budget = 0;      ///< texts to run at most; 0: by the number of passages
};

/// Of a rationale.
inline constexpr int most_places = 1000;

/// What to explain, and how.
struct Request {
    Task task = Task::generative_text_chat;
    Tokens input_ids = {};                       ///< the prompt, or the source of an encoder-decoder
    QuestionPair pair = {};                      ///< for an encoder
    Generation output = {};                      ///< the answer: from Model::generate, or {.ids = ...}
    Tokens labels = {};                          ///< the ground truth; may be empty
    Objective objective = Objective::automatic;  ///< automatic: teacher with labels, else generated

    // Arguments of the original toolbox
    std::vector<std::string> layer_names = {"q_proj", "k_proj", "v_proj"};
    bool is_input = false;            ///< use the modules' inputs instead of their outputs
    bool strict = false;              ///< names must match in full
    std::vector<int> positions = {};  ///< argument of each module to use; only 0 exists
    int input_shape = 0;              ///< number of prompt tokens; 0: input_ids.size()
    std::string embedding_name = {};  ///< the embedding module; empty: the model's token embedding

    TargetChoice target = {};
    UnitChoice units = {};
    /// For expected_gradients: the texts that it compares with. Empty: texts of random tokens.
    std::vector<std::string> reference_texts = {};
    /// For methods that take units away: "UNIT=TEXT", what stands in a unit's place instead of its absence.
    /// UNIT is the unit's text without the white space around it (all units of that text), or its number from
    /// 0 on.
    std::vector<std::string> replacements = {};
    WhyChoice why = {};
    std::optional<Check> check = {};  ///< measure faithfulness (Attribution::faithfulness)
    /// What a person holds to be the reasons for the answer; if there are any, the plausibility of maps is
    /// measured against them (Attribution::plausibility). At most `most_places`.
    std::vector<PromptPlace> rationale = {};
    bool all_attention_rows = false;  ///< keep the prompt's attention rows too
    bool keep_attention = false;      ///< fill AttentionResult::weights (large)
    bool keep_hidden = false;         ///< fill Explanation::hidden
    RecordChoice views = {};          ///< fill Explanation::views
    MatmulPrecision matmul_precision = MatmulPrecision::automatic;
    /// Bytes for recorded values; 0: unlimited. None: by the model and the text. What does not fit is
    /// recorded in pieces, which takes longer and gives the same numbers.
    std::optional<std::size_t> memory_budget = {};
    int micro_batch = 0;  ///< tokens to run at a time; 0: all
    int context = 0;      ///< maximum number of tokens; 0: the model's training context
    Progress progress = {};
    /// Told in a sentence what a user should know while it runs: that it needs much of the free memory.
    std::function<void(std::string_view)> notice = {};
    std::vector<std::string> warnings = {};  ///< about the texts; set by `prepare`, copied into the result
};

}  // namespace llmx
