// Result: an explanation's numbers, and the forms it is written in.

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <filesystem>
#include <llmx/error.hpp>

#include "arrays.hpp"
#include "bind.hpp"
#include "core/files.hpp"
#include "result_data.hpp"
#include "view/plot/plot.hpp"

namespace llmx::python {

using namespace nb::literals;

std::string ResultData::json(bool raw) const {
    if (model) return view::json(stored.explanation, *model, {stored.command_json, raw});
    if (raw) {
        throw Error(
            ErrorCode::usage,
            "raw: the numbers of a result that was read from a file are not all there; expected one that "
            "was just made");
    }
    return json_text;
}

namespace {

const Explanation& of(nb::handle self) { return nb::cast<const ResultData&>(self).stored.explanation; }

nb::object faithfulness(const std::optional<Faithfulness>& f) {
    if (!f) return nb::none();
    const auto number = [](const Faithfulness::Number& n) {
        nb::dict d;
        d["value"] = n.value;
        d["random"] = n.random;
        d["random_deviation"] = n.random_deviation;
        return d;
    };
    nb::dict d;
    d["comprehensiveness"] = number(f->comprehensiveness);
    d["sufficiency"] = number(f->sufficiency);
    d["deletion_area"] = number(f->deletion_area);
    d["insertion_area"] = number(f->insertion_area);
    d["kendall_tau"] = f->kendall_tau ? nb::object(number(*f->kendall_tau)) : nb::none();
    d["fractions"] = f->fractions;
    d["deletion"] = f->deletion;
    d["insertion"] = f->insertion;
    d["random_deletion"] = f->random_deletion;
    d["random_insertion"] = f->random_insertion;
    d["random_seeds"] = f->random_seeds;
    d["absence"] = f->absence;
    return d;
}

nb::list tensors(const std::vector<Tensor>& all, nb::handle owner) {
    nb::list list;
    for (const Tensor& tensor : all) list.append(shared(tensor, owner));
    return list;
}

nb::object attention(nb::handle self) {
    const auto& a = of(self).original.attention;
    if (!a) return nb::none();
    nb::dict d;
    d["pair_attention"] = shared(a->pair.attention, self);
    d["pair_attention_mean"] = shared(a->pair.attention_mean, self);
    d["pair_block"] = a->pair.block;
    d["pair_missing"] = a->pair.missing;
    d["pair_faithfulness"] = faithfulness(a->pair.faithfulness);
    d["mean_group"] = shared(a->mean_group, self);
    d["median_raw"] = shared_or_none(a->median_raw, self);
    d["blocks"] = a->blocks;
    d["blocks_without"] = a->blocks_without;
    d["mean"] = shared(a->mean, self);
    d["weights"] = tensors(a->weights, self);
    d["rows"] = a->rows;
    d["encoder_weights"] = tensors(a->encoder_weights, self);
    d["decoder_weights"] = tensors(a->decoder_weights, self);
    d["cross_weights"] = tensors(a->cross_weights, self);
    return d;
}

nb::object gradient(nb::handle self) {
    const auto& g = of(self).original.gradient;
    if (!g) return nb::none();
    nb::dict d;
    d["saliency_map"] = shared(g->saliency_map, self);
    d["block_gradient_x_input"] = shared(g->block_gradient_x_input, self);
    d["gradient"] = shared_or_none(g->gradient, self);
    d["input_embeddings"] = shared_or_none(g->input_embeddings, self);
    d["decoder_gradient"] = shared_or_none(g->decoder_gradient, self);
    d["decoder_input_embeddings"] = shared_or_none(g->decoder_input_embeddings, self);
    d["replayed"] = g->replayed;
    d["faithfulness"] = faithfulness(g->faithfulness);
    return d;
}

nb::object span(nb::handle self) {
    const auto& s = of(self).span;
    if (!s) return nb::none();
    nb::dict d;
    d["question"] = s->question;
    d["context"] = s->context;
    d["start_logits"] = shared(s->start_logits, self);
    d["end_logits"] = shared(s->end_logits, self);
    d["start_token"] = s->start_token;
    d["end_token"] = s->end_token;
    d["start_char"] = s->start_char;
    d["end_char"] = s->end_char;
    d["score"] = s->score;
    d["no_answer"] = s->no_answer;
    d["window"] = s->window;
    d["windows"] = s->windows;
    return d;
}

nb::dict attribution(const Attribution& a, nb::handle owner) {
    nb::list units;
    for (const Unit& unit : a.units) {
        nb::dict d;
        d["text"] = unit.text;
        d["kind"] = unit.kind;
        d["tokens"] = unit.tokens;
        units.append(d);
    }
    nb::list targets;
    for (const TargetFacts& target : a.targets) {
        nb::dict d;
        d["text"] = target.text;
        d["tokens"] = target.tokens;
        d["value"] = target.value;
        targets.append(d);
    }
    nb::list completeness;
    for (const Completeness& c : a.completeness) {
        nb::dict d;
        d["f_input"] = c.f_input;
        d["f_baseline"] = c.f_baseline;
        d["residual"] = c.residual;
        completeness.append(d);
    }
    nb::dict d;
    d["method"] = a.method;
    d["objective"] = a.objective;
    d["signed"] = a.is_signed;
    d["options"] = a.options;
    d["units"] = units;
    d["targets"] = targets;
    d["scores"] = shared(a.scores, owner);
    d["standard_errors"] = shared_or_none(a.standard_errors, owner);
    d["completeness"] = a.completeness.empty() ? nb::none() : nb::object(completeness);
    d["faithfulness"] = faithfulness(a.faithfulness);
    if (!a.context_sensitivity.empty()) d["context_sensitivity"] = shared(a.context_sensitivity, owner);
    return d;
}

nb::list attributions(nb::handle self) {
    nb::list all;
    for (const Attribution& a : of(self).attributions) all.append(attribution(a, self));
    return all;
}

nb::list hidden(nb::handle self) {
    nb::list all;
    for (const HiddenState& state : of(self).hidden) {
        nb::dict d;
        d["block"] = state.block;
        d["first_position"] = state.first_position;
        d["values"] = shared(state.values, self);
        all.append(d);
    }
    return all;
}

/// The answer's rows of the replay, thinned as the page has them; queries and keys are there for pictures
/// only.
nb::object logit_lens(nb::handle self) {
    const auto& views = of(self).views;
    if (!views || !views->logit_lens) return nb::none();
    const LogitLens& lens = *views->logit_lens;
    nb::dict d;
    d["top"] = lens.top;
    d["blocks"] = lens.blocks;
    d["ids"] = shared(lens.ids, self);
    d["probabilities"] = shared(lens.probabilities, self);
    d["answer_probabilities"] = shared(lens.answer_probabilities, self);
    d["answer_ranks"] = lens.answer_ranks;
    d["text"] = lens.text;
    return d;
}

void save(const ResultData& result, const std::filesystem::path& path, const std::string& form, bool raw) {
    if (form == "safetensors") return view::safetensors(path, result.stored.explanation);
    const std::string json = result.json(raw) + "\n";
    if (form == "json") return write_file_atomically(path, json);
    const view::NamedResult named{path.filename().string(), json};
    write_file_atomically(path, view::html({&named, 1}));
}

ResultData read(const std::string& text, const std::string& what) {
    return {.stored = view::read_json(text, what), .json_text = text};
}

template <typename Class>
void def_facts(Class& c) {
    c.def_prop_ro("task", [](const ResultData& r) { return to_string(r.stored.explanation.task); })
        .def_prop_ro("kind", [](const ResultData& r) { return to_string(r.stored.explanation.kind); })
        .def_prop_ro("prompt", [](const ResultData& r) { return r.stored.explanation.prompt; })
        .def_prop_ro("decode_output", [](const ResultData& r) { return r.stored.explanation.decode_output; })
        .def_prop_ro("decoder_inputs",
                     [](const ResultData& r) { return r.stored.explanation.decoder_inputs; })
        .def_prop_ro("partial_tokens",
                     [](const ResultData& r) { return r.stored.explanation.partial_tokens; })
        .def_prop_ro("prediction", [](const ResultData& r) { return r.stored.explanation.prediction; })
        .def_prop_ro("prompt_text", [](const ResultData& r) { return r.stored.explanation.prompt_text; })
        .def_prop_ro("answer_text", [](const ResultData& r) { return r.stored.explanation.answer_text; })
        .def_prop_ro("label_text", [](const ResultData& r) { return r.stored.explanation.label_text; })
        .def_prop_ro("prompt_ids", [](nb::handle self) { return shared(of(self).prompt_ids, self); })
        .def_prop_ro("answer_ids", [](nb::handle self) { return shared(of(self).answer_ids, self); })
        .def_prop_ro("label_ids", [](nb::handle self) { return shared(of(self).label_ids, self); })
        .def_prop_ro("n_matches", [](const ResultData& r) { return r.stored.explanation.n_matches; })
        .def_prop_ro("token_logprobs", [](nb::handle self) { return shared(of(self).token_logprobs, self); })
        .def_prop_ro("objective",
                     [](const ResultData& r) { return to_string(r.stored.explanation.objective); })
        .def_prop_ro("objective_value",
                     [](const ResultData& r) { return r.stored.explanation.objective_value; })
        .def_prop_ro("timings", [](const ResultData& r) { return r.stored.explanation.timings; })
        .def_prop_ro("peak_rss", [](const ResultData& r) { return r.stored.explanation.peak_rss; })
        .def_prop_ro("warnings", [](const ResultData& r) { return r.stored.explanation.warnings; })
        .def_prop_ro("command_json", [](const ResultData& r) { return r.stored.command_json; })
        .def_prop_ro("model_name", [](const ResultData& r) { return r.stored.model; });
}

}  // namespace

void bind_result(nb::module_& module) {
    nb::class_<ResultData> c(module, "Result");
    def_facts(c);
    c.def_prop_ro("attention", attention)
        .def_prop_ro("gradient", gradient)
        .def_prop_ro("span", span)
        .def_prop_ro("attributions", attributions)
        .def_prop_ro("hidden", hidden)
        .def_prop_ro("logit_lens", logit_lens)
        .def("json", &ResultData::json, "raw"_a = false, nb::call_guard<nb::gil_scoped_release>())
        .def(
            "html",
            [](const ResultData& r) {
                const view::NamedResult named{"result.json", r.json(false)};
                return view::html({&named, 1});
            },
            nb::call_guard<nb::gil_scoped_release>())
        .def(
            "svg",
            [](const ResultData& r, const std::string& kind, const std::string& method, int width) {
                return view::plot(r.stored, {kind, method, width});
            },
            "kind"_a = "text", "method"_a = "", "width"_a = 960, nb::call_guard<nb::gil_scoped_release>())
        .def("save", save, "path"_a, "form"_a, "raw"_a = false, nb::call_guard<nb::gil_scoped_release>());
    module.def("read", read, "text"_a, "what"_a = "result", nb::call_guard<nb::gil_scoped_release>());
}

}  // namespace llmx::python
