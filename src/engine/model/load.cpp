#include "engine/model/load.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <ggml-cpu.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <thread>

#include "engine/gguf/gguf_file.hpp"
#include "engine/gguf/memory_gguf.hpp"
#include "engine/llama_guard.hpp"
#include "engine/model/lora.hpp"
#include "engine/model/model_impl.hpp"
#include "engine/model/modules.hpp"
#include "engine/model/requirements.hpp"
#include "engine/model/types.hpp"
#include "engine/servers/rpc_servers.hpp"

namespace llmx {

using engine::LlamaGuard;
using engine::one_line;

namespace {

namespace fs = std::filesystem;

constexpr int most_threads = 512;  // GGML_MAX_N_THREADS

int thread_count(int wanted) {
    if (wanted < 0 || wanted > most_threads) {
        throw Error(ErrorCode::usage,
                    fmt::format("`threads`: got {}; expected 1 to {}, or 0 for all of the machine's cores",
                                wanted, most_threads));
    }
    const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    return std::min(wanted > 0 ? wanted : cores, most_threads);
}

// What the caller's progress callback did while llama.cpp was loading.
struct LoadProgress {
    const Progress& callback;
    bool cancelled = false;
    std::exception_ptr thrown;

    static bool on_progress(float done, void* self) {
        auto& p = *static_cast<LoadProgress*>(self);
        try {
            p.cancelled = p.cancelled || (p.callback && !p.callback("load", static_cast<double>(done)));
        } catch (...) {
            p.thrown = std::current_exception();
            p.cancelled = true;
        }
        return !p.cancelled;
    }
};

/// Re-ordering is llama.cpp's default, but with AVX-512 the K types are multiplied faster as they are
/// (docs/performance.md).
bool gains_by_repacking(const engine::GgufContent& content) {
    if (ggml_cpu_has_avx512() == 0) return true;
    std::uint64_t k_types = 0, others = 0;
    for (const engine::GgufTensor& tensor : content.tensors) {
        if (tensor.shape.size() < 2) continue;
        (tensor.type.ends_with("_K") ? k_types : others) += tensor.bytes;
    }
    return others > k_types;
}

/// Weights that llama.cpp re-orders for its products are read from the file instead, so it has to be mapped.
bool repacks(const LoadOptions& options, const engine::GgufContent& content) {
    return options.use_mmap && !options.no_repack && options.rpc.empty() && gains_by_repacking(content);
}

llama_model_params common_params(const LoadOptions& options, engine::RpcServers* servers) {
    llama_model_params params = llama_model_default_params();
    params.load_mode = options.use_mmap ? LLAMA_LOAD_MODE_MMAP : LLAMA_LOAD_MODE_NONE;
    params.n_gpu_layers = 0;
    params.split_mode = LLAMA_SPLIT_MODE_NONE;
    params.main_gpu = -1;
    params.lazy_mode = LLAMA_LAZY_MODE_OFF;
    params.use_extra_bufts = false;
    if (servers != nullptr) servers->give_layers(params);
    return params;
}

// Calls llama.cpp's loader; if it returns nothing, `reason` gets its message.
template <class Load>
LlamaModelPtr guarded(const Load& load, std::string& reason) {
    const LlamaGuard guard;
    LlamaModelPtr model;
    try {
        model.reset(load());
        reason = guard.reason();
    } catch (const std::exception& e) {
        reason = one_line(e.what());
    }
    return model;
}

LlamaModelPtr load_llama(const fs::path& path, const LoadOptions& options, engine::RpcServers* servers,
                         bool repack) {
    llama_model_params params = common_params(options, servers);
    params.use_extra_bufts = repack;
    LoadProgress progress{options.progress, false, nullptr};
    params.progress_callback = &LoadProgress::on_progress;
    params.progress_callback_user_data = &progress;

    std::string reason;
    LlamaModelPtr model = guarded([&] { return llama_model_load_from_file(path.c_str(), params); }, reason);
    if (progress.thrown) std::rethrow_exception(progress.thrown);
    if (progress.cancelled) throw Error(ErrorCode::cancelled, "load: cancelled");
    if (model == nullptr) {
        throw Error(ErrorCode::model, fmt::format("model {}: llama.cpp cannot load it: {}; expected a GGUF "
                                                  "model of an architecture that it supports",
                                                  path.string(), reason));
    }
    return model;
}

// llama.cpp's message about a tensor, with the tensor's name in the checkpoint.
std::string in_terms_of_origin(const std::string& reason, const engine::Content& content) {
    for (const engine::ContentTensor& tensor : content.tensors) {
        if (reason.find("'" + tensor.name + "'") == std::string::npos) continue;
        return fmt::format("{} ({})", tensor.origin, reason);
    }
    return reason;
}

// The weights are read before llama.cpp maps them: mapped by both, they would count twice.
LlamaModelPtr load_llama(const std::string& what, const engine::Content& content, const LoadOptions& options,
                         engine::RpcServers* servers) {
    engine::MemoryGguf memory(content, what);
    const auto progress = [&](double done) { return !options.progress || options.progress("load", done); };
    if (!memory.fill(content, progress)) throw Error(ErrorCode::cancelled, "load: cancelled");
    llama_model_params params = common_params(options, servers);
    params.progress_callback = [](float, void*) { return true; };
    std::string reason;
    LlamaModelPtr model =
        guarded([&] { return llama_model_load_from_file_ptr(memory.file(), params); }, reason);
    if (model == nullptr) {
        throw Error(ErrorCode::model, fmt::format("model {}: llama.cpp cannot use it: {}", what,
                                                  in_terms_of_origin(reason, content)));
    }
    return model;
}

std::string metadata(const llama_model* model, const std::string& key) {
    std::vector<char> buffer(256);
    const int length = llama_model_meta_val_str(model, key.c_str(), buffer.data(), buffer.size());
    if (length < 0) return {};
    if (static_cast<std::size_t>(length) >= buffer.size()) {
        buffer.resize(static_cast<std::size_t>(length) + 1);
        llama_model_meta_val_str(model, key.c_str(), buffer.data(), buffer.size());
    }
    return std::string(buffer.data(), static_cast<std::size_t>(length));
}

ModelFacts read_facts(const fs::path& path, const llama_model* model) {
    ModelFacts facts;
    facts.path = path.string();
    facts.name = one_line(metadata(model, "general.name"));
    facts.architecture = metadata(model, "general.architecture");
    facts.kind = engine::kind_of(facts.architecture,
                                 metadata(model, facts.architecture + ".attention.causal") != "false");
    facts.type = engine::type_name(llama_model_ftype(model));
    facts.parameters = llama_model_n_params(model);
    facts.bytes = llama_model_size(model);
    facts.blocks = llama_model_n_layer(model);
    facts.heads = llama_model_n_head(model);
    facts.kv_heads = llama_model_n_head_kv(model);
    facts.embedding = llama_model_n_embd(model);
    facts.vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model));
    facts.context = llama_model_n_ctx_train(model);
    facts.has_chat_template = llama_model_chat_template(model, nullptr) != nullptr;
    const std::string head_size = metadata(model, facts.architecture + ".attention.key_length");
    if (!head_size.empty()) {
        facts.head_size = std::atoi(head_size.c_str());
    } else if (facts.heads > 0) {
        facts.head_size = facts.embedding / facts.heads;
    }
    return facts;
}

// As llama.cpp reads these keys, which it does not expose.
bool strips_accents(const llama_model* model) {
    if (llama_vocab_type(llama_model_get_vocab(model)) != LLAMA_VOCAB_TYPE_WPM) return false;
    const std::string accents = metadata(model, "tokenizer.ggml.normalizer.strip_accents");
    const std::string lowercase = metadata(model, "tokenizer.ggml.normalizer.lowercase");
    return accents.empty() ? lowercase != "false" : accents == "true";
}

void describe(ModelImpl& impl, const fs::path& path, std::span<const engine::GgufTensor> tensors,
              const LoadOptions& options) {
    impl.facts = read_facts(path, impl.model.get());
    impl.chat_template = options.chat_template;
    impl.facts.has_chat_template |= !options.chat_template.empty();
    impl.modules = engine::list_modules(tensors, impl.facts.architecture);
    impl.strips_accents = strips_accents(impl.model.get());
    const bool tied = std::none_of(tensors.begin(), tensors.end(),
                                   [](const engine::GgufTensor& t) { return t.name == "output.weight"; });
    if (impl.facts.kind == ModelKind::encoder_decoder && tied) {
        impl.logit_scale = 1.0F / std::sqrt(static_cast<float>(impl.facts.embedding));
    }
    const std::string scaling = metadata(impl.model.get(), impl.facts.architecture + ".rope.scaling.type");
    impl.rope_scaling = (!scaling.empty() && scaling != "none") ||
                        std::any_of(tensors.begin(), tensors.end(), [](const engine::GgufTensor& t) {
                            return t.name.find("rope_f") != std::string::npos;
                        });
    engine::load_adapters(impl, options.lora);
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
    return fmt::format("[{}]", fmt::join(shape, ", "));
}

}  // namespace

std::shared_ptr<ModelImpl> engine::load_gguf(const fs::path& path, const LoadOptions& options) {
    auto impl = std::make_shared<ModelImpl>();
    impl->threads = thread_count(options.threads);
    const GgufContent content = check_gguf(path);
    if (!options.rpc.empty()) impl->servers = std::make_unique<RpcServers>(options.rpc);
    const bool repack = repacks(options, content);
    if (impl->servers || repack) impl->mapped_weights = std::make_unique<MappedWeights>(content);
    impl->model = load_llama(path, options, impl->servers.get(), repack);
    for (const fs::path& part : content.parts) impl->files.push_back(fs::absolute(part));
    describe(*impl, path, content.tensors, options);
    return impl;
}

std::shared_ptr<ModelImpl> engine::load_content(const fs::path& path, std::vector<fs::path> files,
                                                const Content& content, const LoadOptions& options) {
    auto impl = std::make_shared<ModelImpl>();
    impl->threads = thread_count(options.threads);
    if (!options.rpc.empty()) impl->servers = std::make_unique<RpcServers>(options.rpc);
    impl->model = load_llama(path.string(), content, options, impl->servers.get());
    impl->files = std::move(files);
    std::vector<GgufTensor> tensors;
    for (const ContentTensor& tensor : content.tensors) {
        tensors.push_back({tensor.name, tensor.type, tensor.shape});
    }
    describe(*impl, path, tensors, options);
    return impl;
}

void engine::set_qa_head(ModelImpl& impl, QaHead head) {
    const std::int64_t embedding = impl.facts.embedding;
    if (head.weight.shape != std::vector<std::int64_t>{2, embedding} ||
        head.bias.shape != std::vector<std::int64_t>{2}) {
        throw Error(
            ErrorCode::model,
            fmt::format("model {}: question-answering head: weight {}, bias {}; expected [2, {}] and [2]",
                        impl.facts.path, shape_text(head.weight.shape), shape_text(head.bias.shape),
                        embedding));
    }
    impl.qa_head = std::move(head);
    impl.facts.has_qa_head = true;
}

void engine::set_prefixes(ModelImpl& impl, std::map<std::string, std::string> prefixes) {
    impl.facts.prefixes = std::move(prefixes);
}

const ModelFacts& Model::facts() const { return impl_->facts; }
int Model::threads() const { return impl_->threads; }
std::vector<Module> Model::modules() const { return impl_->modules; }
const QaHead* Model::qa_head() const { return impl_->qa_head ? &*impl_->qa_head : nullptr; }

}  // namespace llmx
