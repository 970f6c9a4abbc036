// Requests: the command line's JSON in, a Result out.

#include <fmt/format.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "bind.hpp"
#include "caller.hpp"
#include "request/explain_options.hpp"
#include "request/pipeline.hpp"
#include "result_data.hpp"

namespace llmx::python {
namespace {

namespace nb = nanobind;
using namespace nb::literals;

/// What belongs to the loaded model cannot be asked for with a request.
void require_no_load_options(const std::string& request_json) {
    const auto request = nlohmann::json::parse(request_json, nullptr, /*allow_exceptions=*/false);
    static constexpr std::array keys = {
        "model", "lora", "rpc", "threads", "qa_head", "chat_template", "chat_template_file"};
    for (const char* key : keys) {
        if (request.is_object() && request.contains(key)) {
            throw Error(
                ErrorCode::usage,
                fmt::format("request: {} belongs to the model; expected it where that is loaded", key));
        }
    }
}

ResultData explain(const Model& model, const std::string& request_json, const std::vector<int>& n_matches,
                   nb::object progress, nb::object on_text) {
    Caller caller(std::move(progress), std::move(on_text));
    return caller.call([&] {
        require_no_load_options(request_json);
        cli::ExplainOptions defaults;
        defaults.model = model.facts().path;
        const CLI::App nothing_stays;
        const cli::ExplainOptions options = cli::options_of(nothing_stays, defaults, request_json);
        cli::InputReader reader("the program's own");
        const cli::ExplainInputs inputs = cli::read_explain_inputs(options, reader);
        cli::Explained explained = cli::explain(model, 0, options, inputs, caller);
        ResultData data;
        data.stored = {.explanation = std::move(explained.result),
                       .command_json = cli::command_json(options, inputs, explained.texts)};
        if (!n_matches.empty()) data.stored.explanation.n_matches = n_matches;
        return data;
    });
}

/// Throws Error{usage} for keys that are not known and values of the wrong type; texts are not looked at.
void check_keys(const std::string& request_json) {
    require_no_load_options(request_json);
    const CLI::App nothing_stays;
    (void)cli::options_of(nothing_stays, {}, request_json);
}

nb::list methods() {
    nb::list all;
    for (const MethodFacts& facts : known_methods()) {
        nb::list options;
        for (const MethodOption& option : facts.options) {
            nb::dict d;
            d["name"] = option.name;
            d["kind"] = option.kind;
            d["default"] = option.fallback;
            d["help"] = option.help;
            d["words"] = option.words;
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

void quantize(const std::string& input, const std::string& output, const std::string& type, int threads) {
    const nb::gil_scoped_release released;
    llmx::quantize(input, output, type, threads);
}

}  // namespace

void bind_request(nb::module_& module) {
    module.def("explain", explain, "model"_a, "request_json"_a, "n_matches"_a = std::vector<int>{},
               "progress"_a = nb::none(), "on_text"_a = nb::none());
    module.def("check_keys", check_keys, "request_json"_a);
    module.def("methods", methods);
    module.def("quantize", quantize, "input"_a, "output"_a, "type"_a, "threads"_a = 0);
}

}  // namespace llmx::python
