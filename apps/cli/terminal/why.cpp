#include "terminal/why.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <map>
#include <string>

#include "terminal/text_parts.hpp"

namespace llmx::cli {
namespace {

std::string percent(double probability) { return fmt::format("{:.0f} %", 100 * probability); }

/// Numbers of the passages in the order in which the sentences name them.
std::map<int, int> footnotes(const Why& why) {
    std::map<int, int> numbers;
    for (const WhySentence& sentence : why.sentences) {
        for (const WhySource& source : sentence.sources)
            numbers.try_emplace(source.passage, static_cast<int>(numbers.size()) + 1);
    }
    return numbers;
}

void print_source(std::ostream& out, const Why& why, const WhySentence& sentence, const WhySource& source,
                  int number) {
    const WhyPassage& passage = why.passages[static_cast<std::size_t>(source.passage)];
    const std::string chance = source.p_value ? fmt::format(", p = {:.2g} against {} other passages",
                                                            *source.p_value, sentence.others)
                                              : "";
    fmt::print(out, "  [{}] \"{}\"\n      {}: without it{} {} instead of {} a token ({:.1f} nats){}\n",
               number, in_one_line(passage.text), in_one_line(place_of(passage)),
               source.is_substitute ? " and those that say the same" : "",
               percent(source.probability_without), percent(sentence.probability), source.strength, chance);
}

}  // namespace

std::string place_of(const WhyPassage& passage) {
    std::string where;
    if (!passage.role.empty()) {
        const bool is_message =
            passage.role == "user" || passage.role == "assistant" || passage.role == "system";
        where = fmt::format("{}{} {}", passage.role, is_message ? "'s message" : "", passage.part);
        if (!passage.title.empty()) where += fmt::format(" ({})", passage.title);
        where += ", ";
    }
    const auto [first, last] = passage.lines;
    return where +
           (first == last ? fmt::format("line {}", first) : fmt::format("lines {} to {}", first, last));
}

void print_why(std::ostream& out, const Explanation& result, bool color) {
    const Why& why = *result.why;
    const std::map<int, int> numbers = footnotes(why);
    title(out, "Why", color);
    for (const WhySentence& sentence : why.sentences) {
        out << in_one_line(sentence.text);
        for (const WhySource& source : sentence.sources) fmt::print(out, " [{}]", numbers.at(source.passage));
        out << '\n';
        if (!sentence.is_grounded) out << "  rests on no passage: from the model itself\n";
        for (const WhySource& source : sentence.sources)
            print_source(out, why, sentence, source, numbers.at(source.passage));
        out << '\n';
    }
    if (!why.asked.empty()) {
        title(out, "Question and instructions, which are in every text", color);
        for (const WhyPassage& passage : why.asked) fmt::print(out, "  \"{}\"\n", in_one_line(passage.text));
        out << '\n';
    }
    fmt::print(out, "{} passages, {} texts run, {:.1f} passes of prompt and answer\n", why.passages.size(),
               why.runs, why.passes);
}

}  // namespace llmx::cli
