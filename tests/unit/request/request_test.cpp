// A request in all its forms: every key is read from JSON and written again as it was, and is in every list
// of keys. The values are made from the rows, so that a new row is tested by itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "request/check.hpp"
#include "request/json.hpp"
#include "request/schema.hpp"
#include "request_pages.hpp"
#include "support/expect_error.hpp"

namespace llmx {
namespace {

using request::Field;
using request::Fields;
using request::Json;
using request::Kind;
using test::expect_error;

/// A value that the key takes and that is not its default.
Json another(const Field& field) {
    const Json now = field.get();
    const auto one = [&]() -> Json {
        switch (field.kind) {
            case Kind::flag:
                return !(now.is_boolean() && now.get<bool>());
            case Kind::integer:
                if (field.list) return 3;
                return now.is_number() && now.get<double>() + 3 <= field.facts.high ? now.get<int>() + 3 : 3;
            case Kind::number:
                return now.is_number() && now.get<double>() + 0.5 <= field.facts.high
                           ? now.get<double>() + 0.5
                           : 0.5;
            case Kind::size:
                return 12345;
            case Kind::ids:
                return {1, 2, 3};
            case Kind::documents:
                return {{{"text", "a"}, {"title", "b"}}, {{"text", "c"}}};
            case Kind::messages:
                return {{{"role", "user"}, {"content", "a"}}, {{"role", "assistant"}, {"content", "b"}}};
            case Kind::span:
                return "3:7";
            case Kind::word:
                return field.words.front() == now ? field.words.back() : field.words.front();
            default:
                return field.words.empty() ? "some " + field.key : field.words[2];
        }
    }();
    if (!field.list) return one;
    return field.key == "views" ? Json{"neuron"} : Json{one, one};
}

Json all_values() {
    ExplainRequest request;
    Json object = Json::object();
    for (const Field& field : request::fields(request)) object[field.key] = another(field);
    return object;
}

/// Without an order of keys.
nlohmann::json plain(const Json& json) { return nlohmann::json::parse(json.dump()); }
nlohmann::json json_of(const ExplainRequest& request) {
    return nlohmann::json::parse(request_to_json(request));
}

TEST(Request, EveryKeyComesThroughJsonAlone) {
    const nlohmann::json defaults = json_of({});
    const Json all = all_values();
    for (const auto& [key, value] : all.items()) {
        nlohmann::json expected = defaults;
        EXPECT_NE(plain(value), defaults.value(key, nlohmann::json())) << key;
        expected[key] = plain(value);
        EXPECT_EQ(json_of(request_from_json(Json{{key, value}}.dump())), expected) << key;
    }
}

TEST(Request, AllKeysComeThroughJsonTogether) {
    const Json all = all_values();
    ASSERT_GT(all.size(), 80U);
    const ExplainRequest request = request_from_json(all.dump());
    EXPECT_EQ(json_of(request), plain(all));
    EXPECT_EQ(json_of(request_from_json(request_to_json(request))), plain(all));
}

TEST(Request, SeveralBaselinesAreAListOrOneText) {
    for (const char* text : {R"(["token", "deletion"])", R"("token,deletion")", R"("token+deletion")"}) {
        const ExplainRequest request = request_from_json(std::string(R"({"baseline": )") + text + "}");
        EXPECT_EQ(request.method_options.at("baseline"), "token+deletion") << text;
        EXPECT_EQ(json_of(request)["baseline"], (nlohmann::json{"token", "deletion"})) << text;
    }
    for (const char* text : {"[3, 5]", R"("3,5")", R"("3+5")"}) {
        const auto request = request_from_json(std::string(R"({"baseline_token": )") + text + "}");
        EXPECT_EQ(json_of(request)["baseline_token"], (nlohmann::json{3, 5})) << text;
    }
}

TEST(Request, AnEmptyObjectChangesNothingAndNullIsNoValue) {
    const ExplainRequest request = request_from_json(all_values().dump());
    EXPECT_EQ(request_to_json(request_from_json("{}", request)), request_to_json(request));
    EXPECT_EQ(request_to_json(request_from_json(R"({"user": null, "seed": null})", request)),
              request_to_json(request));
    EXPECT_EQ(request_from_json(R"({"seed": 4})", request).writing.seed, 4U);
}

TEST(Request, ReplacementsMayBeAnObject) {
    const ExplainRequest request = request_from_json(R"({"replacements": {"Paris": "Rome = old", "2": ""}})");
    EXPECT_EQ(request.how.replacements, (std::vector<std::string>{"Paris=Rome = old", "2="}));
    EXPECT_EQ(request_from_json(R"({"replacements": ["Paris=Rome = old", "2="]})").how.replacements,
              request.how.replacements);
    // An equals sign of a unit is not that before its text.
    EXPECT_EQ(request_from_json(R"({"replacements": {"x=5": "x=6", "a\\b": ""}})").how.replacements,
              (std::vector<std::string>{R"(x\=5=x=6)", R"(a\\b=)"}));
    test::expect_error(ErrorCode::usage, {"`replacements`"},
                       [] { (void)request_from_json(R"({"replacements": {"a": 3}})"); });
}

TEST(Request, ValuesOfTheWrongTypeAreRefusedByKey) {
    ExplainRequest request;
    for (const Field& field : request::fields(request)) {
        const Json wrong = field.kind == Kind::flag ? Json(3) : Json(true);
        try {
            (void)request_from_json(Json{{field.key, wrong}}.dump());
            ADD_FAILURE() << field.key << " takes " << wrong;
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), testing::StartsWith("`" + field.key + "`: ")) << error.what();
        }
    }
}

TEST(Request, NumbersHaveBounds) {
    const auto refused = [](const char* json, std::initializer_list<std::string> words) {
        expect_error(ErrorCode::usage, words, [&] { (void)request_from_json(json); });
    };
    refused(R"({"max_new_tokens": 0})", {"`max_new_tokens`", "\"0\"", "a whole number, 1 or more"});
    refused(R"({"max_new_tokens": 2.5})", {"2.5", "a whole number"});
    refused(R"({"max_new_tokens": 99999999999})", {"a whole number"});
    refused(R"({"top_p": 1.5})", {"`top_p`", "a number, 0 to 1"});
    refused(R"({"seed": -1})", {"`seed`", "\"-1\""});
    refused(R"({"memory_budget": "lots"})", {"`memory_budget`", "lots", "a size"});
    refused(R"({"measure": "logprop"})", {"`measure`", "nearest: logprob"});
    refused(R"({"mesure": "logprob"})", {"\"mesure\"", "nearest: measure"});
    refused(R"({"user_file": "x"})", {"`user_file`", "`user`"});
}

TEST(Request, Sizes) {
    const auto bytes = [](const char* text) { return request::parse_size(text); };
    EXPECT_EQ(bytes("500"), 500U);
    EXPECT_EQ(bytes("1GB"), 1U << 30);
    EXPECT_EQ(bytes("1.5 MiB"), 3U << 19);
    EXPECT_EQ(bytes("20kb"), 20U << 10);
    for (const char* wrong : {"", "-1", "many", "1XB", "1GBB", "1e30"}) EXPECT_FALSE(bytes(wrong)) << wrong;
}

TEST(Request, ListsAreTakenAsOneTextToo) {
    EXPECT_EQ(
        json_of(request_from_json(
            R"({"method": "saliency,lime", "layer_names": "a,b", "lora": "a,b.gguf:0.5"})")),
        json_of(request_from_json(
            R"({"method": ["saliency", "lime"], "layer_names": ["a", "b"], "lora": ["a,b.gguf:0.5"]})")));
    const ExplainRequest lora = request_from_json(R"({"lora": "a,b.gguf:0.5"})");
    EXPECT_EQ(lora.load.lora.at(0).path, "a,b.gguf");
    EXPECT_EQ(lora.load.lora.at(0).scale, 0.5F);
}

TEST(Request, ARationaleIsAListOfPlaces) {
    const auto places = [](const char* json) {
        const ExplainRequest request = request_from_json(json);
        EXPECT_EQ(request_to_json(request_from_json(request_to_json(request))), request_to_json(request));
        return json_of(request)["rationale"];
    };
    EXPECT_EQ(places(R"({"rationale": "a, b"})"), (nlohmann::json{"a, b"}));
    EXPECT_EQ(places(R"({"rationale": ["a", "3:7", [4, 9]]})"),
              (nlohmann::json{"a", "3:7", nlohmann::json{4, 9}}));
    EXPECT_EQ(places(R"({"rationale": [4, 9]})"), (nlohmann::json::array({nlohmann::json{4, 9}})));
    EXPECT_TRUE(places(R"({"rationale": []})").is_null());
    const auto refused = [](const std::string& json, std::initializer_list<std::string> words) {
        SCOPED_TRACE(json);
        expect_error(ErrorCode::usage, words, [&] { (void)request_from_json(json); });
    };
    refused(R"({"rationale": [4, 9, 2]})", {"`rationale`", "4", "[A, B]"});
    std::string many = R"({"rationale": ["a")";
    for (int i = 0; i < 1000; ++i) many += R"(,"a")";
    refused(many + "]}", {"`rationale`", "at most 1000 places"});
}

TEST(Request, MoreMeasuresIncludeTheCheck) {
    const auto checks = [](const char* json) {
        ExplainRequest request = request_from_json(json);
        request.model = "m.gguf";
        return request::checked(request).measure_faithfulness;
    };
    EXPECT_FALSE(checks(R"({"user": "a", "rationale": "a"})"));
    EXPECT_TRUE(checks(R"({"user": "a", "infidelity": 20})"));
    EXPECT_TRUE(checks(R"({"user": "a", "sensitivity": 3})"));
}

TEST(Request, ShorthandIsResolvedOnce) {
    const auto methods = [](const char* json) {
        ExplainRequest request = request_from_json(json);
        request.model = "m.gguf";
        const ExplainRequest checked = request::checked(request);
        EXPECT_EQ(request_to_json(request::checked(checked)), request_to_json(checked)) << json;
        return json_of(checked)["method"];
    };
    EXPECT_EQ(methods(R"({"user": "a"})"), (nlohmann::json{"automatic"}));
    EXPECT_EQ(methods(R"({"user": "a", "per_token": true})"), (nlohmann::json{"automatic"}));
    EXPECT_EQ(methods(R"({"user": "a", "per_token": true, "method": "attention,gradient"})"),
              (nlohmann::json{"attention", "gradient", "saliency", "input_x_gradient"}));
    EXPECT_EQ(methods(R"({"user": "a", "method": "integrated_gradients,saliency", "steps": 7})"),
              (nlohmann::json{"integrated_gradients:steps=7", "saliency"}));
    EXPECT_EQ(methods(R"({"user": "a", "method": "integrated_gradients:steps=5", "steps": 7})"),
              (nlohmann::json{"integrated_gradients:steps=5"}));
    EXPECT_THAT(methods(R"({"user": "a", "method": "all"})"),
                testing::Not(testing::Contains("context_reliance")));
    EXPECT_THAT(methods(R"({"user": "a", "method": "all", "context_span": "a"})"),
                testing::Contains("context_reliance"));
    expect_error(ErrorCode::usage, {"`steps`", "integrated_gradients"},
                 [&] { methods(R"({"user": "a", "steps": 7})"); });
}

TEST(Request, SeveralMethodsByOneNameTakeNoOptions) {
    for (const char* method : {"automatic:norm=l1", "all:norm=l1"}) {
        expect_error(ErrorCode::usage, {"takes no options", "as keys"}, [&] {
            (void)request_from_json(Json{{"method", method}}.dump());
        });
    }
}

TEST(Request, WhatDoesNotGoTogetherIsRefused) {
    const auto refused = [](const char* json, std::initializer_list<std::string> words) {
        ExplainRequest request = request_from_json(json);
        request.model = "m.gguf";
        expect_error(ErrorCode::usage, words, [&] { (void)request::checked(request); });
    };
    refused(R"({"user": "a", "prompt": "b"})", {"`user`", "`prompt`", "one of them"});
    refused(R"({"user": "a", "messages": [{"role": "user", "content": "a"}]})", {"`user`", "`messages`"});
    refused(R"({"prompt": "a", "label": "b", "label_ids": [1]})", {"`label`", "`label_ids`"});
    refused(R"({"prompt": "a", "answer": "b", "answer_ids": [1]})", {"`answer`", "`answer_ids`"});
    refused(R"({"prompt": "a", "system": "b"})", {"`system`", "`user`"});
    refused(R"({"system": "b"})", {"no prompt", "`user`"});
    refused(R"({"prompt": "a", "objective": "aligned"})", {"aligned", "`label`"});
    expect_error(ErrorCode::usage, {"`model`"},
                 [] { (void)request::checked(request_from_json(R"({"user": "a"})")); });
}

TEST(Request, AModelsKeysTellModelsApart) {
    const ExplainRequest request = request_from_json(all_values().dump());
    ExplainRequest other = request;
    for (const Field& field : request::fields(other)) {
        const Json before = field.get();
        field.set(another(field));
        const bool same = request::model_key(other) == request::model_key(request);
        EXPECT_EQ(same, field.facts.scope != Scope::model || field.get() == before) << field.key;
        field.set(before);
    }
}

TEST(Request, EveryKeyIsInTheSchema) {
    const Json properties = request::schema_properties();
    const Json all = all_values();
    for (const auto& [key, value] : all.items()) {
        ASSERT_TRUE(properties.contains(key)) << key;
        EXPECT_FALSE(properties[key]["description"].get<std::string>().empty()) << key;
    }
}

/// The file says what is made from the rows; with LLMX_UPDATE=1 it is written anew.
void expect_current(const std::string& file, const std::string& made) {
    const std::string path = std::string(LLMX_SOURCE_DIR) + "/" + file;
    if (std::getenv("LLMX_UPDATE") != nullptr) std::ofstream(path) << made;
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    EXPECT_EQ(text.str(), made) << file << " is not current; LLMX_UPDATE=1 writes it anew";
}

/// Does a class of the stub have a member of this name?
bool lists(const std::string& stub, const std::string& heading, const std::string& key) {
    const std::size_t first = stub.find(heading);
    const std::string body = stub.substr(first, stub.find("\nclass ", first) - first);
    return body.find("\n    " + key + ": ") != std::string::npos;
}

TEST(RequestPages, AreCurrentAndListEveryKey) {
    ExplainRequest request;
    const Fields fields = request::fields(request);
    const std::string page = test::options_page(fields), python = test::typed_dict(fields);
    expect_current("docs/options.md", page);
    expect_current("python/explainer/_request.pyi", python);
    for (const Field& field : fields) {
        EXPECT_THAT(page, testing::HasSubstr("\n| `" + field.key + "` | "));
        EXPECT_EQ(lists(python, "class Request", field.key), field.facts.scope == Scope::request)
            << field.key;
        EXPECT_EQ(lists(python, "class LoadOptions", field.key),
                  field.facts.scope == Scope::model && field.key != "model")
            << field.key;
    }
}

}  // namespace
}  // namespace llmx
