// Explains an answer of a tiny model through the installed library and its public headers alone.

#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>

#include <llmx/llmx.hpp>

int main(int argc, char** argv) try {
    if (argc != 2) {
        std::fprintf(stderr, "usage: consumer MODEL\n");
        return 2;
    }
    const auto model = llmx::Model::load(argv[1]);
    const auto prompt = model.tokenize_prompt("the cat sat on the mat");
    const auto output = model.generate(prompt, {.max_new_tokens = 4});

    llmx::Explainer explainer(model, {"attention", "gradient"});
    llmx::Request request;
    request.input_ids = prompt;
    request.output = output;
    const auto result = explainer.compute(request);
    if (!result.original.attention || !result.original.gradient) {
        std::fprintf(stderr, "a method's result is missing\n");
        return 1;
    }
    llmx::view::ansi(std::cout, result.prompt, result.original.gradient->saliency_map, false);
    std::cout << '\n';

    double norm = 0;
    for (const float g : result.original.gradient->gradient.values) norm += static_cast<double>(g) * g;
    const bool sizes_agree =
        result.prompt.size() == prompt.size() &&
        result.original.gradient->saliency_map.size() == prompt.size() &&
        result.original.attention->mean_group.values.size() == output.ids.size() * prompt.size();
    std::printf("llmx %s: %zu prompt tokens, %zu answer tokens, |gradient| = %g\n", llmx::version().c_str(),
                prompt.size(), output.ids.size(), std::sqrt(norm));
    return sizes_agree && norm > 0 && std::isfinite(norm) ? 0 : 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "consumer: %s\n", error.what());
    return 1;
}
