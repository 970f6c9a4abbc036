// Model: loaded, asked, and writing answers.

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cstring>
#include <llmx/explainer.hpp>
#include <tuple>

#include "arrays.hpp"
#include "bind.hpp"
#include "caller.hpp"
#include "checkpoint/load.hpp"
#include "engine/pass/pass.hpp"
#include "engine/text/vocabulary.hpp"
#include "request/json.hpp"
#include "task/extractive/windows.hpp"
#include "text/utf8.hpp"
#include "work.hpp"

namespace llmx::python {
namespace {

using namespace nb::literals;

/// The keys of a request that say how a model is loaded. Its path is an argument of its own.
request::Fields load_fields(ExplainRequest& request) {
    request::Fields fields = request::fields(request);
    std::erase_if(fields, [](const request::Field& field) {
        return field.facts.scope != Scope::model || field.key == "model";
    });
    return fields;
}

std::vector<std::string> load_keys() {
    ExplainRequest request;
    std::vector<std::string> keys;
    for (const request::Field& field : load_fields(request)) keys.push_back(field.key);
    return keys;
}

/// The files that options name, and all options in one form, whichever way they were given.
std::pair<std::vector<std::string>, std::string> load_key(const std::string& options_json) {
    ExplainRequest request;
    const request::Fields fields = load_fields(request);
    request::apply(fields, request::parse_object(options_json));
    const request::Json values = request::values_of(fields);
    std::vector<std::string> files;
    for (const request::Field& field : fields) {
        if (field.kind != request::Kind::path || !values.contains(field.key)) continue;
        const request::Json& value = values.at(field.key);
        if (!field.list) files.push_back(value.get<std::string>());
        for (std::size_t i = 0; field.list && i < value.size(); ++i)
            files.push_back(request::as_lora(value[i].get<std::string>()).path.string());
    }
    return {std::move(files), values.dump()};
}

Model load(const std::filesystem::path& path, const std::string& options_json, bool use_mmap,
           nb::object progress) {
    Caller caller(std::move(progress), nb::none());
    ExplainRequest request;
    request::apply(load_fields(request), request::parse_object(options_json));
    request.load.use_mmap = use_mmap;
    request.load.progress = caller.progress();
    return caller.call([&] { return Model::load(path, request.load); });
}

/// Name, type, shape, address and bytes; the caller keeps the memory as long as this call takes.
using Tensors =
    std::vector<std::tuple<std::string, std::string, std::vector<std::int64_t>, std::size_t, std::size_t>>;

Model load_with_weights(const std::filesystem::path& directory, const std::string& name,
                        const Tensors& tensors, int threads, const std::string& chat_template,
                        nb::object progress) {
    Caller caller(std::move(progress), nb::none());
    const LoadOptions options{
        .threads = threads, .chat_template = chat_template, .progress = caller.progress()};
    std::vector<checkpoint::GivenWeight> weights;
    for (const auto& [key, type, shape, address, bytes] : tensors) {
        // NOLINTNEXTLINE(performance-no-int-to-ptr): an address is what Python has of a tensor's memory
        weights.push_back({key, type, shape, {reinterpret_cast<const std::byte*>(address), bytes}});
    }
    return caller.call([&] { return checkpoint::load_with_weights(directory, name, weights, options); });
}

nb::dict facts(const Model& model) {
    const ModelFacts& f = model.facts();
    nb::dict d;
    d["path"] = f.path;
    d["name"] = f.name;
    d["architecture"] = f.architecture;
    d["kind"] = to_string(f.kind);
    d["type"] = f.type;
    d["parameters"] = f.parameters;
    d["bytes"] = f.bytes;
    d["blocks"] = f.blocks;
    d["heads"] = f.heads;
    d["kv_heads"] = f.kv_heads;
    d["head_size"] = f.head_size;
    d["embedding"] = f.embedding;
    d["vocabulary"] = f.vocabulary;
    d["context"] = f.context;
    d["has_chat_template"] = f.has_chat_template;
    d["has_qa_head"] = f.has_qa_head;
    d["prefixes"] = f.prefixes;
    return d;
}

nb::list modules(const Model& model) {
    nb::list all;
    for (const Module& m : model.modules()) {
        nb::dict d;
        d["hf_name"] = m.hf_name;
        d["gguf_name"] = m.gguf_name;
        d["kind"] = m.kind;
        d["shape"] = nb::tuple(nb::cast(m.shape));
        d["type"] = m.type;
        d["block"] = m.block;
        all.append(d);
    }
    return all;
}

std::vector<Message> messages_of(const std::vector<std::pair<std::string, std::string>>& messages) {
    std::vector<Message> all;
    all.reserve(messages.size());
    for (const auto& [role, content] : messages) all.push_back({role, content});
    return all;
}

/// `options_json`: the keys of a request that say how an answer is written.
Generation generate(const Model& model, const Tokens& ids, const std::string& options_json,
                    const Model* assistant, bool prompt_lookup, bool keep_logits, nb::object on_token,
                    nb::object progress) {
    Caller caller(std::move(progress), nb::none());
    GenerateOptions options;
    request::Fields fields;
    request::Rows rows(fields);
    request::visit(rows, options);
    request::apply(fields, request::parse_object(options_json));
    options.assistant = assistant;
    options.prompt_lookup = prompt_lookup;
    options.keep_logits = keep_logits;
    options.progress = caller.progress();
    if (!on_token.is_none()) {
        options.on_token = [&](Token id, std::string_view text) {
            return caller.ask([&] { return on_token(id, nb::str(text.data(), text.size())); });
        };
    }
    return caller.call([&] { return model.generate(ids, options); });
}

template <typename Work>
auto without_lock(const Work& work) {
    const Unlocked unlocked;
    return work();
}

/// For pickling, in the order of the struct.
using GenerationState = std::tuple<Tokens, std::string, bool, std::vector<std::int64_t>, nb::bytes,
                                   std::vector<int>, std::vector<int>, double, std::vector<std::string>>;

GenerationState state_of(const Generation& g) {
    const std::vector<float>& logits = g.logits.values;
    return {g.ids,
            g.text,
            g.ended,
            g.logits.shape,
            nb::bytes(logits.data(), logits.size() * sizeof(float)),
            g.n_drafted,
            g.n_matches,
            g.score,
            g.warnings};
}

void set_state(Generation& g, const GenerationState& state) {
    const auto& [ids, text, ended, shape, logits, n_drafted, n_matches, score, warnings] = state;
    std::vector<float> values(logits.size() / sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), logits.c_str(), values.size() * sizeof(float));
    new (&g) Generation{ids, text, ended, {shape, std::move(values)}, n_drafted, n_matches, score, warnings};
}

void bind_generation(nb::module_& module) {
    nb::class_<Generation>(module, "Generation", "An answer, as the model wrote it.")
        .def("__getstate__", state_of)
        .def("__setstate__", set_state)
        .def_ro("ids", &Generation::ids, "list of int: the answer's tokens")
        .def_ro("text", &Generation::text, "str: without special tokens")
        .def_ro("ended", &Generation::ended, "bool: the model ended the text by itself")
        .def_ro("score", &Generation::score, "float: of beam search")
        .def_ro("n_drafted", &Generation::n_drafted, "list of int: drafted tokens in each round")
        .def_ro("n_matches", &Generation::n_matches, "list of int: of which the model accepted")
        .def_ro("warnings", &Generation::warnings)
        .def_prop_ro(
            "logits",
            [](nb::handle self) { return shared_or_none(nb::cast<const Generation&>(self).logits, self); },
            "float32 [answer tokens, vocabulary], or None if they were not kept");
}

}  // namespace

void bind_model(nb::module_& module) {
    bind_generation(module);
    module.def("load_keys", load_keys);
    module.def("load_key", load_key, "options_json"_a);
    nb::class_<Model>(module, "Model", nb::is_weak_referenceable())
        .def_static("load", load, "path"_a, "options_json"_a = "{}", "use_mmap"_a = true,
                    "progress"_a = nb::none())
        .def_static("load_with_weights", load_with_weights, "directory"_a, "name"_a, "tensors"_a,
                    "threads"_a = 0, "chat_template"_a = "", "progress"_a = nb::none())
        .def_prop_ro("facts", facts)
        .def_prop_ro("threads", &Model::threads)
        .def_prop_ro("modules", modules)
        .def_prop_ro("sha256_16", &Model::sha256_16, nb::call_guard<Unlocked>())
        .def_prop_ro("decoder_start_token",
                     [](const Model& model) -> std::optional<Token> {
                         if (model.facts().kind != ModelKind::encoder_decoder) return std::nullopt;
                         return engine::decoder_start_token(model);
                     })
        .def(
            "pair",
            [](const Model& model, const std::string& first, const std::string& second) {
                const Tokens context = model.tokenize(second);
                const task::Pair pair = task::make_pair(task::pair_format(model), model.tokenize(first),
                                                        context, {0, static_cast<int>(context.size())});
                return std::pair(pair.ids, pair.types);
            },
            "first"_a, "second"_a)
        .def_prop_ro("special_tokens", [](const Model& model) { return engine::special_tokens(model); })
        .def("tokenize", &Model::tokenize, "text"_a, "add_special"_a = false, "parse_special"_a = false)
        .def("tokenize_prompt", &Model::tokenize_prompt, "text"_a, "parse_special"_a = true)
        .def(
            "detokenize",
            [](const Model& model, const Tokens& ids, bool special) {
                return utf8::replace_invalid(model.detokenize(ids, special));
            },
            "ids"_a, "special"_a = true)
        .def(
            "token_bytes",
            [](const Model& model, Token id, bool special) {
                const std::string bytes = model.token_bytes(id, special);
                return nb::bytes(bytes.data(), bytes.size());
            },
            "id"_a, "special"_a = true)
        .def(
            "render_chat",
            [](const Model& model, const std::vector<std::pair<std::string, std::string>>& messages,
               bool add_generation_prompt) {
                return without_lock(
                    [&] { return model.render_chat(messages_of(messages), add_generation_prompt); });
            },
            "messages"_a, "add_generation_prompt"_a = true)
        .def("generate", generate, "ids"_a, "options_json"_a = "{}", "assistant"_a = nb::none(),
             "prompt_lookup"_a = false, "keep_logits"_a = false, "on_token"_a = nb::none(),
             "progress"_a = nb::none());
}

}  // namespace llmx::python
