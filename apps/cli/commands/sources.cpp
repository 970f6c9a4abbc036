#include "commands/sources.hpp"

#include <fmt/format.h>

#include <iostream>
#include <llmx/error.hpp>
#include <optional>

#include "commands/source_evaluation.hpp"
#include "flags.hpp"
#include "input.hpp"
#include "messages.hpp"
#include "output.hpp"
#include "request/automatic_methods.hpp"
#include "request/carry_out.hpp"
#include "request/check.hpp"
#include "request/json.hpp"
#include "request_lines.hpp"
#include "terminal/terminal.hpp"

namespace llmx::cli {
namespace {

using request::Json;

std::vector<std::string> texts_of(const std::string& key, const Json& value) {
    if (!value.is_array()) request::refuse(key, value, "a list of texts");
    std::vector<std::string> texts;
    for (const Json& text : value) {
        if (!text.is_string()) request::refuse(key, text, "a text");
        texts.push_back(text.get<std::string>());
    }
    return texts;
}

/// Takes the keys of the evaluation out of a line; the rest is a request.
SourceQuestion question_of(RequestLine line, InputReader& reader, const SourcesAsked& asked) {
    SourceQuestion question;
    if (const Json id = take_id(line); !id.is_null())
        question.id = id.is_string() ? id.get<std::string>() : id.dump();
    Json object = request::parse_object(line.text);
    if (!object.contains("needed"))
        throw Error(ErrorCode::input,
                    "\"needed\" is missing; expected lists of sentences, of each of which one is needed");
    if (!object["needed"].is_array())
        request::refuse("needed", object["needed"], "a list of lists of sentences");
    for (const Json& group : object["needed"]) question.needed.push_back(texts_of("needed", group));
    if (object.contains("accepts")) question.accepts = texts_of("accepts", object["accepts"]);
    question.kind = object.value("kind", "");
    for (const char* key : {"needed", "accepts", "kind"}) object.erase(key);
    if (asked.written) object.erase("answer");
    Json defaults = {{"why", true}, {"unit", "sentence"}};
    question.request = reader.request(merged(merged(std::move(defaults), object), asked.given));
    return question;
}

}  // namespace

void evaluate_sources(const SourcesAsked& asked) {
    InputReader reader;
    require_json_place(asked.json);
    std::vector<SourceQuestion> questions;
    for (const RequestLine& line : read_request_lines(reader, "--questions", asked.file)) {
        try {
            questions.push_back(question_of(line, reader, asked));
        } catch (const Error& error) {
            throw in_line(line, error);
        }
    }
    catch_interrupts();
    const bool to_output = asked.json == "-";
    TerminalActivity activity(asked.quiet || to_output);
    SourceScores scores;
    std::optional<Model> model;
    std::string loaded;
    for (const SourceQuestion& question : questions) {
        if (const std::string key = request::model_key(question.request); key != loaded) {
            model = request::load_model(question.request, activity);
            loaded = key;
        }
        request::Prepared ready = request::prepare(*model, question.request, activity);
        request::write_answer(*model, ready, activity);
        const Explanation result = request::explain(*model, ready);
        activity.clear();
        activity.require_wanted();
        scores.add(question, rankings_of(result), is_right(question, result.answer_text));
    }
    if (!asked.quiet && !to_output) scores.print(std::cout, asked.color);
    if (!asked.json.empty()) write_json(asked.json, scores.json());
}

}  // namespace llmx::cli
