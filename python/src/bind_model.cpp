// Model: loaded, asked, and writing answers.

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <llmx/explainer.hpp>
#include <tuple>

#include "arrays.hpp"
#include "bind.hpp"
#include "caller.hpp"
#include "checkpoint/load.hpp"
#include "engine/pass/pass.hpp"
#include "engine/text/vocabulary.hpp"
#include "task/extractive/windows.hpp"
#include "text/utf8.hpp"

namespace llmx::python {
namespace {

using namespace nb::literals;

using Loras = std::vector<std::pair<std::filesystem::path, float>>;

LoadOptions load_options(int threads, bool use_mmap, const std::string& chat_template,
                         const std::filesystem::path& qa_head, const Loras& lora,
                         const std::vector<std::string>& rpc, Caller& caller) {
    LoadOptions options{.threads = threads,
                        .use_mmap = use_mmap,
                        .chat_template = chat_template,
                        .qa_head = qa_head,
                        .rpc = rpc,
                        .progress = caller.progress()};
    for (const auto& [path, scale] : lora) options.lora.push_back({path, scale});
    return options;
}

Model load(const std::filesystem::path& path, int threads, bool use_mmap, const std::string& chat_template,
           const std::filesystem::path& qa_head, const Loras& lora, const std::vector<std::string>& rpc,
           nb::object progress) {
    Caller caller(std::move(progress), nb::none());
    const LoadOptions options = load_options(threads, use_mmap, chat_template, qa_head, lora, rpc, caller);
    return caller.call([&] { return Model::load(path, options); });
}

/// Name, type, shape, address and bytes; the caller keeps the memory as long as this call takes.
using Tensors =
    std::vector<std::tuple<std::string, std::string, std::vector<std::int64_t>, std::size_t, std::size_t>>;

Model load_with_weights(const std::filesystem::path& directory, const std::string& name,
                        const Tensors& tensors, int threads, const std::string& chat_template,
                        nb::object progress) {
    Caller caller(std::move(progress), nb::none());
    const LoadOptions options = load_options(threads, true, chat_template, {}, {}, {}, caller);
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

EarlyStopping early_stopping_of(const std::string& name) {
    if (name == "no") return EarlyStopping::no;
    if (name == "yes") return EarlyStopping::yes;
    if (name == "never") return EarlyStopping::never;
    throw Error(ErrorCode::usage, "early_stopping is \"" + name + "\"; expected no, yes or never");
}

Generation generate(const Model& model, const Tokens& ids, int max_new_tokens, float temperature, int top_k,
                    float top_p, float repetition_penalty, std::uint32_t seed, const Model* assistant,
                    bool prompt_lookup, int draft_tokens, int num_beams, float length_penalty,
                    const std::string& early_stopping, bool keep_logits, nb::object on_token,
                    nb::object progress) {
    Caller caller(std::move(progress), nb::none());
    GenerateOptions options{.max_new_tokens = max_new_tokens,
                            .temperature = temperature,
                            .top_k = top_k,
                            .top_p = top_p,
                            .repetition_penalty = repetition_penalty,
                            .seed = seed,
                            .assistant = assistant,
                            .prompt_lookup = prompt_lookup,
                            .draft_tokens = draft_tokens,
                            .num_beams = num_beams,
                            .length_penalty = length_penalty,
                            .early_stopping = early_stopping_of(early_stopping),
                            .keep_logits = keep_logits,
                            .progress = caller.progress()};
    if (!on_token.is_none()) {
        options.on_token = [&](Token id, std::string_view text) {
            return caller.ask([&] { return on_token(id, nb::str(text.data(), text.size())); });
        };
    }
    return caller.call([&] { return model.generate(ids, options); });
}

template <typename Work>
auto without_lock(const Work& work) {
    const nb::gil_scoped_release released;
    return work();
}

void bind_generation(nb::module_& module) {
    nb::class_<Generation>(module, "Generation", "An answer, as the model wrote it.")
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
    nb::class_<Model>(module, "Model", nb::is_weak_referenceable())
        .def_static("load", load, "path"_a, "threads"_a = 0, "use_mmap"_a = true, "chat_template"_a = "",
                    "qa_head"_a = "", "lora"_a = Loras{}, "rpc"_a = std::vector<std::string>{},
                    "progress"_a = nb::none())
        .def_static("load_with_weights", load_with_weights, "directory"_a, "name"_a, "tensors"_a,
                    "threads"_a = 0, "chat_template"_a = "", "progress"_a = nb::none())
        .def_prop_ro("facts", facts)
        .def_prop_ro("threads", &Model::threads)
        .def_prop_ro("modules", modules)
        .def_prop_ro("sha256_16", &Model::sha256_16, nb::call_guard<nb::gil_scoped_release>())
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
        .def("tokenize_prompt", &Model::tokenize_prompt, "text"_a)
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
        .def("generate", generate, "ids"_a, "max_new_tokens"_a = 100, "temperature"_a = 0.0F, "top_k"_a = 0,
             "top_p"_a = 1.0F, "repetition_penalty"_a = 1.0F, "seed"_a = 0, "assistant"_a = nb::none(),
             "prompt_lookup"_a = false, "draft_tokens"_a = 5, "num_beams"_a = 1, "length_penalty"_a = 1.0F,
             "early_stopping"_a = "no", "keep_logits"_a = false, "on_token"_a = nb::none(),
             "progress"_a = nb::none());
}

}  // namespace llmx::python
