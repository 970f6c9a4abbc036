#pragma once
// What is to be explained, as tokens, and how. llmx/task.hpp makes a Request of texts.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <llmx/enums.hpp>
#include <llmx/model.hpp>

namespace llmx {

/// What an encoder with a question-answering head is asked: a question about a context, as texts, or as the
/// pair's ids in Request::input_ids.
struct QuestionPair {
    std::string question = {};
    std::string context = {};
    std::vector<int> token_types = {};                   ///< of input_ids; empty: as the separators tell
    std::string label = {};                              ///< the ground truth, words of the context
    std::optional<std::pair<int, int>> label_span = {};  ///< ... or characters of it, the last one excluded
};

/// What of an answer is explained by the methods that give an Attribution.
struct TargetChoice {
    bool each = false;  ///< every token of the span one by one, instead of their sum
    std::optional<std::pair<int, int>> span = {};  ///< answer tokens [first, last); nothing: all
    std::string span_text = {};  ///< ... or the words of the answer that they are, once in it
    /// More than 0: the so many most probable tokens at each place of the span, each a target.
    int alternatives = 0;
    Tokens contrast = {};  ///< another answer: explains f(answer) - f(contrast)
    Measure measure = Measure::logprob;
    bool all_sources = false;  ///< earlier answer tokens are sources too
};

/// What scores are given to: sets of tokens.
struct UnitChoice {
    /// token, word, sentence, line, paragraph, turn, role, regex, spans
    std::string kind = "token";
    std::string pattern = {};  ///< of regex: each match is a unit
    std::vector<std::pair<int, int>> spans =
        {};  ///< of spans: characters of the prompt's text, [first, last)
    /// How scores of tokens become those of units: sum, mean, max_abs.
    std::string aggregation = "sum";
    /// Tokens that stay in every text and take no score: none, special (control tokens), template (also what
    /// the chat template adds).
    std::string hold = "none";
    /// Parts of the prompt's text (its tokens' bytes one after another) that belong to a chat's messages, or
    /// to what a task was given: bytes [first, last) and role ("user", "question"), ascending. `prepare`
    /// fills them in.
    struct Part {
        std::size_t first = 0, last = 0;
        std::string role;
    };
    std::vector<Part> parts = {};
    std::string unplaced = {};  ///< why there are no parts, though the prompt is made of some; `prepare`'s
    /// Characters of the prompt's text that are the context (kl, context_reliance), [first, last).
    std::optional<std::pair<int, int>> context = {};
    std::string context_text = {};  ///< ... or its words, which stand in the prompt once
};

/// What is recorded for the pictures of attention and of the residual stream (llmx/view_data.hpp).
struct ViewChoice {
    bool attention = false;        ///< softmax weights, block by block and head by head
    bool neuron = false;           ///< queries and keys
    std::vector<int> blocks = {};  ///< attention and neuron of these only; empty: all
    /// Bytes of JSON that attention and neuron take together; 0: no bound.
    std::size_t budget = 2'000'000;
    int logit_lens = 0;  ///< the so many most probable tokens after every block; 0: none

    [[nodiscard]] bool any() const { return attention || neuron || logit_lens > 0; }
};

/// How the faithfulness of maps is measured (definitions 5).
struct Check {
    int random_seeds = 5;    ///< random rankings beside; each takes 18 runs of the model, as each method does
    std::uint32_t seed = 0;  ///< of the first of them
    /// What takes an absent unit's place: token, deletion, attention_mask; of all methods the same.
    std::string absence = "token";
    int absence_token = -1;  ///< of token; -1: the model's own
};

struct Request {
    Task task = Task::generative_text_chat;
    Tokens input_ids = {};   ///< the prompt, or the source of an encoder-decoder
    QuestionPair pair = {};  ///< for an encoder
    Generation output = {};  ///< the answer: Model::generate's, or {.ids = ...} from elsewhere
    Tokens labels = {};      ///< the ground truth; may be empty
    Objective objective = Objective::automatic;  ///< aligned with labels, generated without

    // The original toolbox's arguments
    std::vector<std::string> layer_names = {"q_proj", "k_proj", "v_proj"};
    bool is_input = false;            ///< take the modules' inputs instead of their outputs
    bool strict = false;              ///< a name must match whole
    std::vector<int> positions = {};  ///< argument of each module to take; they have one: 0
    int input_shape = 0;              ///< tokens of the prompt; 0: input_ids.size()
    std::string embedding_name = {};  ///< the embedding module; empty: the model's token embedding

    TargetChoice target = {};
    UnitChoice units = {};
    std::optional<Check> check = {};  ///< measure how faithful the maps are: Attribution::faithfulness
    bool all_attention_rows = false;  ///< keep the prompt's attention rows too
    bool keep_attention = false;      ///< fill AttentionResult::weights (large)
    bool keep_hidden = false;         ///< fill Explanation::hidden
    ViewChoice views = {};            ///< fill Explanation::views
    Products products = Products::float32;
    std::size_t memory_budget = std::size_t{2} << 30;  ///< bytes for recorded values; 0: no bound
    int micro_batch = 0;                               ///< tokens that are run at a time; 0: all
    int context = 0;  ///< tokens allowed; 0: as many as the model was trained on
    Progress progress = {};
};

}  // namespace llmx
