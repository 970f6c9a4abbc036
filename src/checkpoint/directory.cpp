#include "checkpoint/directory.hpp"

#include <fmt/format.h>

#include <llmx/error.hpp>

#include "checkpoint/mapping.hpp"
#include "checkpoint/tokenizer/vocabulary.hpp"

namespace llmx::checkpoint {
namespace {

namespace fs = std::filesystem;

std::optional<QaHead> qa_head_of(const Weights& weights) {
    const Weight* weight = weights.find("qa_outputs.weight");
    const Weight* bias = weights.find("qa_outputs.bias");
    if (weight == nullptr || bias == nullptr) return std::nullopt;
    return QaHead{{weight->shape, float32_values(*weight)}, {bias->shape, float32_values(*bias)}};
}

// What T5's config.json puts before a source text, task by task.
std::map<std::string, std::string> prefixes_of(const Object& config) {
    std::map<std::string, std::string> prefixes;
    const Object tasks = config.object({"task_specific_params"});
    for (const auto& [task, parameters] : tasks.json().items()) {
        if (parameters.is_object() && parameters.contains("prefix") && parameters["prefix"].is_string()) {
            prefixes[task] = parameters["prefix"].get<std::string>();
        }
    }
    return prefixes;
}

std::string name_of(const fs::path& directory) {
    const fs::path absolute = fs::absolute(directory).lexically_normal();
    return (absolute.has_filename() ? absolute.filename() : absolute.parent_path().filename()).string();
}

}  // namespace

Checkpoint read_directory(const fs::path& directory, const std::optional<Weights>& given) {
    if (!fs::exists(directory / "config.json")) {
        throw Error(
            ErrorCode::model,
            fmt::format("model {}: a directory without config.json; expected a Hugging Face checkpoint or a "
                        "GGUF file",
                        directory.string()));
    }
    const Object config = Object::read(directory / "config.json");
    const Family& family = find_family(config);
    Hyperparameters h;
    h.architecture = family.architecture;
    family.hyperparameters(config, h);

    Checkpoint checkpoint;
    engine::Content& content = checkpoint.content;
    content.values.emplace_back("general.architecture", h.architecture);
    const TokenizerFiles tokenizer = read_tokenizer_files(directory, config);
    content.values.emplace_back("general.name", name_for_blanks(tokenizer.tokenizer, name_of(directory)));
    content.values.insert(content.values.end(), h.values.begin(), h.values.end());
    write_tokenizer(tokenizer, h.vocabulary, content);

    const Weights weights = given ? *given : read_directory_weights(directory);
    content.tensors = map_weights(family, h, weights);
    for (engine::ContentTensor& tensor : h.tensors) content.tensors.push_back(std::move(tensor));
    checkpoint.files = weights.files;
    checkpoint.qa_head = qa_head_of(weights);
    checkpoint.prefixes = prefixes_of(config);
    return checkpoint;
}

QaHead read_qa_head(const fs::path& file) {
    std::optional<QaHead> head = qa_head_of(read_safetensors(file));
    if (head) return std::move(*head);
    throw Error(
        ErrorCode::model,
        fmt::format("model {}: no qa_outputs.weight and qa_outputs.bias; expected a question-answering head",
                    file.string()));
}

}  // namespace llmx::checkpoint
