#include "request/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <llmx/version.hpp>

#include "core/json_depth.hpp"
#include "core/suggest.hpp"
#include "engine/model/digest.hpp"

namespace llmx::request {
namespace {

constexpr int deepest = 64;  // a request needs three
constexpr std::size_t most_keys = 500;

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// What is seen of an object while it is parsed: whoever is asked about many keys looks through all before.
class Reading {
public:
    bool goes_on(Json::parse_event_t event, const Json& parsed) {
        if (event == Json::parse_event_t::object_start) keys_.push_back(0);
        if (event == Json::parse_event_t::object_end) keys_.pop_back();
        if (event != Json::parse_event_t::key) return true;
        if (keys_.size() == 1) key_ = shortened(parsed.get_ref<const std::string&>());
        if (++keys_.back() > most_keys)
            throw Error(ErrorCode::usage, fmt::format("request: an object of more than {} keys", most_keys));
        return true;
    }
    /// The last one of the request.
    [[nodiscard]] const std::string& key() const { return key_; }

private:
    std::vector<std::size_t> keys_;  ///< of the objects around the place
    std::string key_ = "request";
};

[[noreturn]] void refuse_key(const Fields& fields, const std::string& key) {
    if (key.ends_with("_file")) {
        const std::string text = key.substr(0, key.size() - 5);
        const Field* field = find(fields, text);
        if (field != nullptr && field->facts.file) {
            throw Error(ErrorCode::usage,
                        fmt::format("`{}`: names a file, and no file is read here; expected the text "
                                    "itself in `{}`",
                                    key, text));
        }
    }
    std::vector<std::string> known;
    known.reserve(fields.size());
    for (const Field& field : fields) known.push_back(field.key);
    throw_unknown("request key", key, known);
}

}  // namespace

Json parse_object(std::string_view text) {
    if (nested_deeper_than(std::string(text), deepest)) {
        throw Error(ErrorCode::input, fmt::format("request: nested deeper than {}; expected an object of "
                                                  "texts, numbers and lists",
                                                  deepest));
    }
    Reading reading;
    Json request;
    try {
        request = Json::parse(text, [&](int, Json::parse_event_t event, const Json& parsed) {
            return reading.goes_on(event, parsed);
        });
    } catch (const Json::parse_error& error) {
        throw Error(ErrorCode::input,
                    fmt::format("request: no valid JSON at byte {}; expected an object", error.byte));
    } catch (const Json::out_of_range&) {  // of a number: a text alone has no other range
        throw Error(
            ErrorCode::usage,
            fmt::format("`{}`: got a number that is too large; expected one up to 1e308", reading.key()));
    }
    if (!request.is_object())
        throw Error(ErrorCode::input, fmt::format("request: is {}; expected an object", request.type_name()));
    return request;
}

void apply(const Fields& fields, const Json& object) {
    for (const auto& [key, value] : object.items()) {
        const Field* field = find(fields, key);
        if (field == nullptr) refuse_key(fields, key);
        if (!value.is_null()) field->set(value);
    }
}

Json values_of(const Fields& fields) {
    Json object = Json::object();
    for (const Field& field : fields) {
        Json value = field.get();
        if (!value.is_null()) object[field.key] = std::move(value);
    }
    return object;
}

Json to_json(const ExplainRequest& request) {
    static const Json defaults = [] {
        ExplainRequest empty;
        return values_of(fields(empty));
    }();
    ExplainRequest copy = request;
    Json object = Json::object();
    const Json values = values_of(fields(copy));
    for (const auto& [key, value] : values.items()) {
        const bool empty =
            value.is_array() && value.empty() && defaults.contains(key) && defaults.at(key).empty();
        if (!empty) object[key] = value;  // a list that is empty by default
    }
    return object;
}

std::string model_key(const ExplainRequest& request) {
    ExplainRequest copy = request;
    Json values = Json::array();
    for (const Field& field : fields(copy)) {
        if (field.facts.scope == Scope::model) values.push_back(field.get());
    }
    return dumped(values);
}

std::string digest(const ExplainRequest& request) {
    return engine::sha256_16(version() + dumped(to_json(request)));
}

}  // namespace llmx::request

namespace llmx {

ExplainRequest request_from_json(std::string_view json, ExplainRequest defaults) {
    request::apply(request::fields(defaults), request::parse_object(json));
    return defaults;
}

std::string request_to_json(const ExplainRequest& request) {
    return request::dumped(request::to_json(request));
}

}  // namespace llmx
