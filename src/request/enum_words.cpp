#include "request/enum_words.hpp"

namespace llmx::request {
namespace {

template <class Enum>
Words<Enum> named(std::initializer_list<Enum> values) {
    Words<Enum> words;
    for (const Enum value : values) words.emplace_back(value, to_string(value));
    return words;
}

}  // namespace

const Words<std::optional<Task>>& task_words() {
    static const Words<std::optional<Task>> words = [] {
        Words<std::optional<Task>> all = {{std::nullopt, "automatic"}};
        for (const auto& [task, name] :
             named({Task::question_answering, Task::translation, Task::summarization,
                    Task::generative_text_chat, Task::generative_text_chat_assistant}))
            all.emplace_back(task, name);
        return all;
    }();
    return words;
}

const Words<Objective>& objective_words() {
    static const auto words =
        named({Objective::automatic, Objective::aligned, Objective::teacher, Objective::generated});
    return words;
}

const Words<Measure>& measure_words() {
    static const auto words = named({Measure::logprob, Measure::mean_logprob, Measure::probability,
                                     Measure::logit, Measure::entropy, Measure::kl});
    return words;
}

const Words<UnitKind>& unit_words() {
    static const auto words =
        named({UnitKind::token, UnitKind::word, UnitKind::sentence, UnitKind::line, UnitKind::paragraph,
               UnitKind::turn, UnitKind::role, UnitKind::regex, UnitKind::spans});
    return words;
}

const Words<Aggregation>& aggregation_words() {
    static const auto words =
        named({Aggregation::automatic, Aggregation::sum, Aggregation::mean, Aggregation::max_abs});
    return words;
}

const Words<FixedTokens>& fixed_words() {
    static const auto words =
        named({FixedTokens::automatic, FixedTokens::none, FixedTokens::special, FixedTokens::chat_template});
    return words;
}

const Words<Absence>& absence_words() {
    static const auto words = named({Absence::token, Absence::deletion, Absence::attention_mask});
    return words;
}

}  // namespace llmx::request
