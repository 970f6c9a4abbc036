#include "chat.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <map>
#include <set>
#include <string_view>

#include "citations.hpp"
#include "core/suggest.hpp"
#include "request/json.hpp"

namespace llmx::serve {
namespace {

using Json = nlohmann::ordered_json;

/// Keys that change nothing about an answer here. The model is the one that is served, whatever its clients
/// call it.
const std::set<std::string, std::less<>> ignored = {"model",
                                                    "user",
                                                    "metadata",
                                                    "store",
                                                    "service_tier",
                                                    "safety_identifier",
                                                    "prompt_cache_key",
                                                    "prompt_cache_retention",
                                                    "reasoning_effort",
                                                    "verbosity",
                                                    "parallel_tool_calls"};
/// Keys whose values may only say "none of that", each with the values that say so.
const std::map<std::string, std::vector<Json>> unable = {
    {"n", {1}},
    {"tools", {Json::array()}},
    {"tool_choice", {"none", "auto"}},
    {"functions", {Json::array()}},
    {"function_call", {"none", "auto"}},
    {"logprobs", {false}},
    {"top_logprobs", {0}},
    {"logit_bias", {Json::object()}},
    {"presence_penalty", {0}},
    {"frequency_penalty", {0}},
    {"modalities", {Json::array({"text"})}},
    {"response_format", {Json{{"type", "text"}}}},
};

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorCode::usage, "request: " + what); }

std::string shown(const Json& value) {
    return value.dump(-1, ' ', true, Json::error_handler_t::replace).substr(0, 40);
}

/// A list of parts that are texts stands for them one after another.
std::string text_of_content(const Json& content) {
    if (content.is_null()) return "";
    if (content.is_string()) return content.get<std::string>();
    if (!content.is_array())
        refuse(fmt::format("a message's content is {}; expected a text, or a list of text parts",
                           shown(content)));
    std::string text;
    for (const Json& part : content) {
        const bool is_text = part.is_object() && part.value("type", Json()) == "text" &&
                             part.contains("text") && part["text"].is_string();
        if (!is_text) refuse(fmt::format("content has a part {}; expected text parts only", shown(part)));
        text += part["text"].get<std::string>();
    }
    return text;
}

/// Role and content. What else an earlier answer has, as a client dumps it, says nothing about the text.
Json message_of(const Json& message) {
    if (!message.is_object() || !message.contains("content")) return message;  // the command line says it
    static const std::set<std::string, std::less<>> beside = {
        "name", "refusal", "annotations", "audio", "reasoning_content", "role", "explanation", "content"};
    for (const auto& [key, value] : message.items()) {
        if (beside.contains(key) || value.empty()) continue;  // null, or none of them
        refuse(
            fmt::format("a message has {} {}, which this service does not support; expected role and content",
                        shortened(key), shown(value)));
    }
    Json plain = {{"role", message.value("role", Json())}, {"content", text_of_content(message["content"])}};
    if (plain["role"] == "developer") plain["role"] = "system";
    return plain;
}

/// A value as the command line has it.
Json own_value(const std::string& key, const Json& value, int most_answer_tokens) {
    if (key == "top_k" && value.is_number_integer() && value < 0) return 0;  // all tokens
    if (key == "max_new_tokens" && value.is_number_integer() && value > most_answer_tokens)
        return most_answer_tokens;
    return value;
}

bool flag(const Json& body, const char* key) {
    const Json value = body.value(key, Json(false));
    if (!value.is_boolean() && !value.is_null())
        refuse(fmt::format("{} is {}; expected true or false", key, shown(value)));
    return value.is_boolean() && value.get<bool>();
}

[[noreturn]] void unknown_key(const std::string& key) {
    std::vector<std::string> known = {"messages", "documents", "stream", "stream_options", "explain"};
    for (const auto& [name, own] : chat_keys()) known.push_back(name);
    throw_unknown("request key", key, known);
}

/// true, "why", or an object of further keys of the command line.
bool read_explain(const Json& value, Json& request) {
    if (value.is_boolean()) return value.get<bool>();
    if (value == "why") {
        request["why"] = true;
        return true;
    }
    if (!value.is_object())
        refuse(fmt::format("explain is {}; expected true, \"why\", or an object of keys such as method",
                           shown(value)));
    for (const auto& [key, option] : value.items()) {
        const bool implied = key == "continue_final_message";  // by the last message; said, it is as said
        if (request.contains(key) && !implied)
            refuse(fmt::format("{} is given in explain as well; expected it once", key));
        request[key] = option;
    }
    return true;
}

std::string finish_reason(const Event& result) {
    return result.head.value("ended", false) ? "stop" : "length";
}

Json usage_of(const Event& result) {
    const int prompt = result.head.value("prompt_tokens", 0);
    const int answer = result.head.value("answer_tokens", 0);
    return {{"prompt_tokens", prompt}, {"completion_tokens", answer}, {"total_tokens", prompt + answer}};
}

Json frame(const ChatAnswer& answer, const char* object) {
    return {{"id", answer.id}, {"object", object}, {"created", answer.created}, {"model", answer.model}};
}

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// The result stands in it as it is, unparsed.
std::string with_explanation(const Json& json, const Event& result) {
    std::string text = text_of(json);
    if (result.payload.empty()) return text;
    text.pop_back();
    return text + ",\"explanation\":" + result.payload + "}";
}

Json chunk(const ChatAnswer& answer, const Json& delta, const Json& reason) {
    Json json = frame(answer, "chat.completion.chunk");
    json["choices"] = {{{"index", 0}, {"delta", delta}, {"finish_reason", reason}}};
    return json;
}

}  // namespace

const std::map<std::string, std::string>& chat_keys() {
    static const std::map<std::string, std::string> keys = {
        {"max_tokens", "max_new_tokens"},
        {"max_completion_tokens", "max_new_tokens"},
        {"temperature", "temperature"},
        {"top_p", "top_p"},
        {"seed", "seed"},
        {"top_k", "top_k"},
        {"stop", "stop"},
        {"min_p", "min_p"},
        {"repetition_penalty", "repetition_penalty"},
    };
    return keys;
}

ChatCall read_chat(const std::string& text, int most_answer_tokens) {
    const Json body = request::parse_object(text);
    if (!body.contains("messages") || !body["messages"].is_array())
        refuse("no messages; expected a list of objects with role and content");

    Json request = {{"messages", Json::array()}};
    for (const Json& message : body["messages"]) request["messages"].push_back(message_of(message));
    if (body.contains("documents") && !body["documents"].is_null()) request["documents"] = body["documents"];
    static const std::set<std::string, std::less<>> own_keys = {"messages", "documents", "stream",
                                                                "stream_options", "explain"};
    for (const auto& [key, value] : body.items()) {
        if (own_keys.contains(key)) continue;
        if (value.is_null() || ignored.contains(key)) continue;
        if (const auto none = unable.find(key); none != unable.end()) {
            const auto& values = none->second;
            if (std::find(values.begin(), values.end(), value) == values.end())
                refuse(fmt::format("{} is {}, which this service does not support", key, shown(value)));
        } else if (const auto own = chat_keys().find(key); own == chat_keys().end()) {
            unknown_key(key);
        } else if (request.contains(own->second)) {
            refuse("max_tokens and max_completion_tokens: given together; expected one of them");
        } else {
            request[own->second] = own_value(own->second, value, most_answer_tokens);
        }
    }
    // A client that ends with the assistant's words wants the model to go on with them.
    const Json last = request["messages"].empty() ? Json() : request["messages"].back();
    if (last.is_object() && last.value("role", Json()) == "assistant" &&
        last.value("content", Json("")) != "")
        request["continue_final_message"] = true;
    ChatCall call;
    call.ask.stream = flag(body, "stream");
    const Json options = body.value("stream_options", Json());
    if (options.is_object()) call.usage_at_end = flag(options, "include_usage");
    const Json explain = body.value("explain", Json());
    call.ask.explain = !explain.is_null() && read_explain(explain, request);
    call.ask.request = text_of(request);
    return call;
}

std::string chat_completion(const ChatAnswer& answer, const Event& result) {
    Json json = frame(answer, "chat.completion");
    Json message = {{"role", "assistant"}, {"content", result.head.value("text", "")}};
    if (Json cited = citations(result.payload); !cited.empty()) message["annotations"] = std::move(cited);
    json["choices"] = {{{"index", 0},
                        {"message", std::move(message)},
                        {"logprobs", nullptr},
                        {"finish_reason", finish_reason(result)}}};
    json["usage"] = usage_of(result);
    return with_explanation(json, result);
}

std::string chat_chunk(const ChatAnswer& answer, const Json& delta) {
    return text_of(chunk(answer, delta, nullptr));
}

std::string chat_end(const ChatAnswer& answer, const Event& result, bool usage) {
    Json delta = Json::object();
    if (Json cited = citations(result.payload); !cited.empty()) delta["annotations"] = std::move(cited);
    const Json last = chunk(answer, delta, finish_reason(result));
    std::string text = "data: " + with_explanation(last, result) + "\n\n";
    if (usage) {
        Json json = frame(answer, "chat.completion.chunk");
        json["choices"] = Json::array();
        json["usage"] = usage_of(result);
        text += "data: " + text_of(json) + "\n\n";
    }
    return text + "data: [DONE]\n\n";
}

}  // namespace llmx::serve
