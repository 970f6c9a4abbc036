// Rotary embedding in config.json: `rope_parameters` since transformers 5, `rope_theta` and
// `rope_scaling` before.

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <llmx/error.hpp>
#include <numbers>

#include "checkpoint/decoder.hpp"

namespace llmx::checkpoint {
namespace {

engine::ContentTensor vector_tensor(std::string name, std::vector<float> values) {
    engine::ContentTensor tensor;
    tensor.origin = name + " from config.json";
    tensor.name = std::move(name);
    tensor.type = "F32";
    tensor.shape = {static_cast<std::int64_t>(values.size())};
    tensor.fill = [values = std::move(values)](std::span<std::byte> out) {
        std::memcpy(out.data(), values.data(), out.size());
    };
    return tensor;
}

// Llama 3.1: long waves are stretched by `factor`, short ones stay, those between are blended. llama.cpp
// divides each frequency by its factor. Source: transformers, modeling_rope_utils.py.
std::vector<float> llama3_factors(const Object& rope, float base, std::uint32_t rotated) {
    const double factor = rope.number({"factor"});
    const double low = rope.number({"low_freq_factor"});
    const double high = rope.number({"high_freq_factor"});
    const double context = rope.integer({"original_max_position_embeddings"});
    if (!(factor >= 1 && low > 0 && high > low)) rope.fail("factors of llama3 scaling are out of order");
    std::vector<float> factors;
    for (std::uint32_t i = 0; i < rotated / 2; ++i) {
        const double wave = 2 * std::numbers::pi * std::pow(static_cast<double>(base), 2.0 * i / rotated);
        double value = 1;
        if (wave > context / low) {
            value = factor;
        } else if (wave >= context / high) {
            const double smooth = (context / wave - low) / (high - low);
            value = 1 / ((1 - smooth) / factor + smooth);
        }
        factors.push_back(static_cast<float>(value));
    }
    return factors;
}

void yarn(const Object& rope, Hyperparameters& h) {
    const float factor = rope.number({"factor"});
    h.set("rope.scaling.type", std::string("yarn"));
    h.set("rope.scaling.factor", factor);
    h.set("rope.scaling.original_context_length", rope.integer({"original_max_position_embeddings"}));
    h.set("rope.scaling.yarn_beta_fast", rope.number_or({"beta_fast"}, 32.0F));
    h.set("rope.scaling.yarn_beta_slow", rope.number_or({"beta_slow"}, 1.0F));
    const float usual = factor <= 1 ? 1.0F : 0.1F * std::log(factor) + 1.0F;  // what llama.cpp multiplies by
    const float wanted = rope.number_or({"attention_factor"}, usual);
    if (std::abs(wanted - usual) > 1e-4F * usual || rope.has("mscale") || rope.has("mscale_all_dim") ||
        !rope.flag({"truncate"}, true)) {
        throw Error(ErrorCode::unsupported,
                    fmt::format("{}: yarn with a custom attention_factor, mscale or truncate; expected the "
                                "defaults (attention_factor {})",
                                rope.name(), usual));
    }
}

void longrope(const Object& config, const Object& rope, Hyperparameters& h, std::uint32_t rotated) {
    const std::uint32_t original = config.integer_or(
        {"original_max_position_embeddings"}, rope.integer_or({"original_max_position_embeddings"}, 0));
    if (original == 0) rope.fail("no original_max_position_embeddings; expected it for longrope");
    const float context = static_cast<float>(config.integer({"max_position_embeddings"}));
    const float scale = rope.number_or({"factor"}, context / static_cast<float>(original));
    const float usual =
        scale <= 1 ? 1.0F : std::sqrt(1.0F + std::log(scale) / std::log(static_cast<float>(original)));
    h.set("rope.scaling.type", std::string("longrope"));
    h.set("rope.scaling.original_context_length", original);
    h.set("rope.scaling.attn_factor", rope.number_or({"attention_factor"}, usual));
    for (const auto& [key, name] : {std::pair("long_factor", "rope_factors_long.weight"),
                                    std::pair("short_factor", "rope_factors_short.weight")}) {
        std::vector<float> factors = rope.numbers({key});
        if (factors.size() != rotated / 2) {
            rope.fail(fmt::format("{} has {} numbers; expected {}", key, factors.size(), rotated / 2));
        }
        h.tensors.push_back(vector_tensor(name, std::move(factors)));
    }
}

}  // namespace

void rotary_hyperparameters(const Object& config, Hyperparameters& h, float part_by_default) {
    Object rope = config.object({"rope_parameters", "rope_scaling"});
    if (rope.has("full_attention")) {  // one set for each kind of block
        const Object sliding = rope.object({"sliding_attention"});
        if (sliding.text_or({"rope_type"}, "default") != "default") {
            throw Error(ErrorCode::unsupported,
                        fmt::format("{}: scaled; expected rope_type default", sliding.name()));
        }
        h.set("rope.freq_base_swa", sliding.number_or({"rope_theta"}, 10000.0F));
        rope = rope.object({"full_attention"});
    }
    const float base =
        rope.number_or({"rope_theta"}, config.number_or({"rope_theta", "rotary_emb_base"}, 10000.0F));
    const float part =
        rope.number_or({"partial_rotary_factor"},
                       config.number_or({"partial_rotary_factor", "rotary_pct"}, part_by_default));
    if (!(base > 1 && part > 0 && part <= 1)) {
        config.fail(fmt::format(
            "rotary base {}, rotated part {}; expected a base above 1 and a part of at most 1", base, part));
    }
    const auto rotated = static_cast<std::uint32_t>(part * static_cast<float>(h.dims.head_size));
    h.set("rope.freq_base", base);
    h.set("rope.dimension_count", rotated);

    const std::string type = rope.text_or({"rope_type", "type"}, "default");
    if (type == "linear") {
        h.set("rope.scaling.type", std::string("linear"));
        h.set("rope.scaling.factor", rope.number({"factor"}));
    } else if (type == "yarn") {
        yarn(rope, h);
    } else if (type == "llama3") {
        h.tensors.push_back(vector_tensor("rope_freqs.weight", llama3_factors(rope, base, rotated)));
    } else if (type == "longrope" || type == "su") {
        longrope(config, rope, h, rotated);
    } else if (type != "default" &&
               type != "dynamic") {  // dynamic: no difference within max_position_embeddings
        throw Error(
            ErrorCode::unsupported,
            fmt::format("{}: rope_type \"{}\"; known: default, linear, dynamic, yarn, llama3, longrope",
                        rope.name(), type));
    }
}

}  // namespace llmx::checkpoint
