#include "request/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>

#include "request/automatic_methods.hpp"
#include "request/method_text.hpp"

namespace llmx::request {
namespace {

bool has_label(const TaskInputs& texts) { return texts.label || texts.label_ids || texts.label_span; }

/// The seed of the sampling is that of the methods and of the random rankings too.
void give_seed(std::uint32_t seed, Method& method) {
    for (const SharedOption& shared : shared_options()) {
        const auto& methods = shared.methods;
        if (shared.option.name == "seed" &&
            std::find(methods.begin(), methods.end(), method.name) != methods.end())
            method.options.try_emplace("seed", fmt::format("{}", seed));
    }
}

/// Tokens one by one are asked of methods that can tell them apart: of the two that cost least, where none is
/// named.
void add_methods_per_token(std::vector<Method>& methods) {
    const bool original = std::all_of(methods.begin(), methods.end(), [](const Method& m) {
        return m.name == "attention" || m.name == "gradient";
    });
    if (!original) return;
    methods.emplace_back("saliency");
    methods.emplace_back("input_x_gradient");
}

}  // namespace

void settle_methods(ExplainRequest& r) {
    const bool has_context = r.how.units.context || !r.how.units.context_text.empty() || r.texts.context;
    r.methods = resolved(r.methods, r.method_options, has_context);
    r.method_options.clear();
    if (r.how.target.each) add_methods_per_token(r.methods);
    if (r.writing.seed == 0) return;
    for (Method& method : r.methods) give_seed(r.writing.seed, method);
}

ExplainRequest checked(ExplainRequest r) {
    if (r.model.empty())
        throw Error(ErrorCode::usage,
                    "no model given; expected `model`: a GGUF file or a Hugging Face directory");
    if (is_automatic(r.methods)) {
        // before a model is loaded: an option must belong to one of those that it may choose
        (void)resolved({"value_norm", "saliency", "gradient", "attention"}, r.method_options, false);
    } else {
        settle_methods(r);
    }
    if (r.check.infidelity > 0 || r.check.sensitivity > 0) r.measure_faithfulness = true;
    if (r.writing.seed != 0 && r.check.seed == 0) r.check.seed = r.writing.seed;
    r.automatic_views = false;
    r.texts.assisted = !r.assistant.empty();
    require_inputs(r.texts);
    const Objective objective = r.how.objective;
    if ((objective == Objective::aligned || objective == Objective::teacher) && !has_label(r.texts)) {
        throw Error(ErrorCode::usage,
                    fmt::format("`objective` {}: no label given; expected `label`, `label_ids` or "
                                "`label_span`",
                                to_string(objective)));
    }
    return r;
}

bool asks_for(const ExplainRequest& request, std::string_view method) {
    return std::any_of(request.methods.begin(), request.methods.end(),
                       [&](const Method& m) { return m.name == method || m.name == "all"; });
}

}  // namespace llmx::request
