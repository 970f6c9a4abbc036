// Requests: the command line's JSON in, a Result out.

#include <fmt/format.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <filesystem>

#include "bind.hpp"
#include "caller.hpp"
#include "request/json.hpp"
#include "result_data.hpp"
#include "work.hpp"

namespace llmx::python {
namespace {

namespace nb = nanobind;
using namespace nb::literals;

/// Throws Error{usage} for keys that are not known or belong to the loaded model, and for values of the wrong
/// type.
ExplainRequest read_request(const std::string& request_json) {
    ExplainRequest request;
    request::Fields fields = request::fields(request);
    const request::Json object = request::parse_object(request_json);
    for (const request::Field& field : fields) {
        if (field.facts.scope == Scope::model && object.contains(field.key)) {
            throw Error(
                ErrorCode::usage,
                fmt::format("`{}` belongs to the model; expected it where that is loaded", field.key));
        }
    }
    request::apply(fields, object);
    return request;
}

ResultData explain(const Model& model, const std::string& request_json, const std::vector<int>& n_matches,
                   nb::object progress, nb::object on_text) {
    Caller caller(std::move(progress), std::move(on_text));
    return caller.call([&] {
        Outcome outcome = llmx::explain(model, read_request(request_json), caller);
        ResultData data;
        data.stored = {.explanation = std::move(outcome.explanation),
                       .command_json = request_to_json(outcome.request)};
        if (!n_matches.empty()) data.stored.explanation.n_matches = n_matches;
        return data;
    });
}

/// Throws for what `explain` would refuse to read, without a model.
void check_keys(const std::string& request_json) { (void)read_request(request_json); }

nb::list methods() {
    nb::list all;
    for (const MethodFacts& facts : known_methods()) {
        nb::list options;
        for (const MethodOption& option : facts.options) {
            nb::dict d;
            d["name"] = option.name;
            d["kind"] = option.kind;
            d["default"] = option.default_value;
            d["help"] = option.help;
            d["words"] = option.words;
            d["several"] = option.several;
            options.append(d);
        }
        nb::dict d;
        d["name"] = facts.name;
        d["family"] = facts.family;
        d["signed"] = facts.is_signed;
        d["help"] = facts.help;
        d["source"] = facts.source;
        d["options"] = options;
        all.append(d);
    }
    return all;
}

/// The kinds of values that Python's callers have in more forms than JSON.
const char* kind_of(const request::Field& field) {
    switch (field.kind) {
        case request::Kind::ids:
            return "ids";
        case request::Kind::span:
            return "span";
        case request::Kind::place:
            return "place";
        case request::Kind::path:
            return "path";
        case request::Kind::messages:
            return "messages";
        default:
            return "value";
    }
}

/// Every key that `explain` takes, with the kind of its value.
nb::dict request_kinds() {
    ExplainRequest request;
    nb::dict kinds;
    for (const request::Field& field : request::fields(request)) {
        if (field.facts.scope != Scope::model) kinds[field.key.c_str()] = kind_of(field);
    }
    return kinds;
}

void quantize(const std::string& input, const std::string& output, const std::string& type, int threads) {
    const Unlocked unlocked;
    llmx::quantize(input, output, type, threads);
}

}  // namespace

void bind_request(nb::module_& module) {
    module.def("explain", explain, "model"_a, "request_json"_a, "n_matches"_a = std::vector<int>{},
               "progress"_a = nb::none(), "on_text"_a = nb::none());
    module.def("check_keys", check_keys, "request_json"_a);
    module.def("request_kinds", request_kinds);
    module.def("methods", methods);
    module.def("quantize", quantize, "input"_a, "output"_a, "type"_a, "threads"_a = 0);
}

}  // namespace llmx::python
