#include "checkpoint/mapping.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <llmx/error.hpp>
#include <optional>
#include <set>
#include <stdexcept>

#include "engine/pass/pass.hpp"

namespace llmx::checkpoint {
namespace {

[[noreturn]] void fail(const Weight& weight, const std::string& what) {
    throw Error(ErrorCode::model,
                fmt::format("model {}: tensor {}: {}", weight.source->path().string(), weight.name, what));
}

/// The first value that is infinite or not a number, if any.
std::optional<std::size_t> not_finite(std::span<const std::byte> bytes, const std::string& type) {
    const auto find = [&]<class Bits>(Bits exponent) -> std::optional<std::size_t> {
        const std::size_t count = bytes.size() / sizeof(Bits);
        Bits value = 0;
        unsigned bad = 0;
#pragma omp simd reduction(| : bad) private(value)
        for (std::size_t i = 0; i < count; ++i) {
            std::memcpy(&value, bytes.data() + i * sizeof(Bits), sizeof(Bits));
            bad |= (value & exponent) == exponent ? 1U : 0U;
        }
        for (std::size_t i = 0; bad != 0 && i < count; ++i) {
            std::memcpy(&value, bytes.data() + i * sizeof(Bits), sizeof(Bits));
            if ((value & exponent) == exponent) return i;
        }
        return std::nullopt;
    };
    if (type == "F32") return find(std::uint32_t{0x7F800000});
    return find(type == "F16" ? std::uint16_t{0x7C00} : std::uint16_t{0x7F80});
}

/// Reads and checks all values, in steps that stay in the cache between the two.
void read_checked(const Weight& weight, std::span<std::byte> out) {
    constexpr std::size_t step = std::size_t{1} << 20U;
    for (std::size_t from = 0; from < out.size(); from += step) {
        const auto piece = out.subspan(from, std::min(step, out.size() - from));
        weight.read(from, piece);
        if (const auto bad = not_finite(piece, weight.type)) {
            fail(weight, fmt::format("value {} is infinite or not a number; the checkpoint is damaged",
                                     from / engine::element_size(weight.type) + *bad));
        }
    }
}

void to_float32(const std::string& type, std::span<const std::byte> in, std::span<std::byte> out) {
    engine::to_float32(in.data(), type == "F16" ? "f16" : "bf16",
                       static_cast<std::int64_t>(out.size() / sizeof(float)),
                       reinterpret_cast<float*>(out.data()));
}

/// Fills `out` with the weight as `type` ("F32" or its own), rearranged.
void fill_from(const Weight& weight, const std::string& type, const Arrangement& arrangement,
               std::span<std::byte> out) {
    const bool convert = type != weight.type;
    if (!convert && !arrangement.apply) return read_checked(weight, out);
    std::vector<std::byte> raw(weight.bytes);
    read_checked(weight, raw);
    if (!convert) return arrangement.apply(raw, out, engine::element_size(type));
    if (!arrangement.apply) return to_float32(weight.type, raw, out);
    std::vector<std::byte> floats(static_cast<std::size_t>(weight.elements()) * sizeof(float));
    to_float32(weight.type, raw, floats);
    arrangement.apply(floats, out, sizeof(float));
}

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
    std::string result(text);
    const std::size_t at = result.find(what);
    return at == std::string::npos ? result : result.replace(at, what.size(), by);
}

class Mapper {
public:
    Mapper(const Family& family, const Hyperparameters& h, const Weights& weights)
        : family_(family), h_(h), weights_(weights), prefix_(find_prefix()) {}

    std::vector<engine::ContentTensor> map() {
        for (const Row& row : family_.rows) map_row(row, "", "");
        for (const Part& part : family_.parts) {
            for (std::uint32_t block = 0; block < h_.*part.count; ++block) {
                for (const Row& row : part.rows) {
                    map_row(row, fmt::format("{}{}.", part.gguf, block),
                            fmt::format("{}{}.", part.hf, block));
                }
            }
        }
        require_nothing_left();
        return std::move(tensors_);
    }

private:
    [[nodiscard]] std::string find_prefix() const {
        const std::string_view probe = family_.rows.front().hf;
        std::vector<std::string> tried;
        for (const std::string_view prefix : family_.prefixes) {
            tried.push_back(std::string(prefix) + std::string(probe) + ".weight");
            if (weights_.find(tried.back()) != nullptr) return std::string(prefix);
        }
        throw Error(ErrorCode::model,
                    fmt::format("model {}: no tensor {}; expected a checkpoint of family {}", place(),
                                fmt::join(tried, " or "), family_.model_types.front()));
    }

    [[nodiscard]] std::string place() const {
        if (weights_.files.empty()) return weights_.by_name.begin()->second.source->path().string();
        return weights_.files.size() == 1 ? weights_.files.front().string()
                                          : weights_.files.front().parent_path().string();
    }

    void map_row(const Row& row, const std::string& gguf_block, const std::string& hf_block) {
        if (std::ranges::find(h_.absent, row.hf) != h_.absent.end()) return;
        if (h_.tied && row.gguf == "output") {
            ignored_.insert(std::string(row.hf.substr(1)));
            const std::string own = std::string(row.hf.substr(1)) + ".weight";
            const std::string embeddings = prefix_ + std::string(family_.rows.front().hf) + ".weight";
            if (h_.output_needed) {
                add(row, "output.weight", weights_.find(own) == nullptr ? embeddings : own, true);
            } else if (weights_.find(own) != nullptr) {
                require_same(*weights_.find(own), *weights_.find(embeddings));
            }
            return;
        }
        const std::string hf = row.hf.starts_with('/') ? std::string(row.hf.substr(1))
                                                       : prefix_ + hf_block + std::string(row.hf);
        const std::string gguf = gguf_block + std::string(row.gguf);
        if (gguf.ends_with(".weight") || gguf.ends_with(".bias")) {
            add(row, gguf, hf, row.presence == Presence::required);
            return;
        }
        add(row, gguf + ".weight", hf + ".weight", row.presence == Presence::required);
        add(row, gguf + ".bias", hf + ".bias", false);
    }

    // Of a tied model with an output matrix, transformers 4 takes the embeddings, transformers 5 the matrix.
    static void require_same(const Weight& output, const Weight& embeddings) {
        constexpr std::size_t step = std::size_t{1} << 20U;
        std::vector<std::byte> a(step), b(step);
        bool same = output.type == embeddings.type && output.shape == embeddings.shape;
        for (std::uint64_t from = 0; same && from < output.bytes; from += step) {
            const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(step, output.bytes - from));
            output.read(from, std::span(a).first(count));
            embeddings.read(from, std::span(b).first(count));
            same = std::memcmp(a.data(), b.data(), count) == 0;
        }
        if (same) return;
        fail(output,
             fmt::format("differs from {}, to which config.json ties it; expected tie_word_embeddings "
                         "false, or a checkpoint without it",
                         embeddings.name));
    }

    void add(const Row& row, const std::string& gguf, const std::string& hf, bool required) {
        const bool stacked = hf.find('*') != std::string::npos;
        std::vector<Weight> sources;
        const std::uint32_t copies = row.copies == nullptr ? h_.experts : h_.dims.*row.copies;
        for (std::uint32_t i = 0; i < (stacked ? copies : 1U); ++i) {
            const std::string name = replaced(hf, "*", std::to_string(i));
            const Weight* weight = find(name);
            if (weight == nullptr && !required && sources.empty()) return;
            if (weight == nullptr) {
                throw Error(ErrorCode::model,
                            fmt::format("model {}: no tensor {}; expected it by config.json", place(), name));
            }
            used_.insert(weight->name);
            check(*weight, sources.empty() ? *weight : sources.front());
            sources.push_back(*weight);
        }
        tensors_.push_back(make(row, gguf, std::move(sources), stacked));
    }

    // Checkpoints from TensorFlow call a norm's weight gamma and its bias beta.
    [[nodiscard]] const Weight* find(const std::string& name) const {
        const Weight* weight = weights_.find(name);
        if (weight == nullptr) weight = weights_.find(replaced(name, "LayerNorm.weight", "LayerNorm.gamma"));
        return weight == nullptr ? weights_.find(replaced(name, "LayerNorm.bias", "LayerNorm.beta")) : weight;
    }

    static void check(const Weight& weight, const Weight& first) {
        if (weight.type != "F32" && weight.type != "F16" && weight.type != "BF16") {
            fail(weight, fmt::format("dtype is {}; expected F32, F16 or BF16", weight.type));
        }
        if (weight.type != first.type || weight.shape != first.shape) {
            fail(weight,
                 fmt::format("{} [{}]; expected {} [{}], as {}", weight.type, fmt::join(weight.shape, ", "),
                             first.type, fmt::join(first.shape, ", "), first.name));
        }
        if (weight.shape.empty() || weight.elements() == 0)
            fail(weight, "is empty; expected a vector or matrix");
    }

    engine::ContentTensor make(const Row& row, const std::string& gguf, std::vector<Weight> sources,
                               bool stacked) const {
        const Weight& first = sources.front();
        Arrangement arrangement{first.shape, nullptr};
        if (row.transform != nullptr) {
            try {
                arrangement = row.transform(first.shape, h_.dims);
            } catch (const std::invalid_argument& e) {
                fail(first, fmt::format("shape [{}]; {}", fmt::join(first.shape, ", "), e.what()));
            }
        }
        engine::ContentTensor tensor;
        tensor.name = gguf;
        tensor.shape = arrangement.shape;
        const bool float32 = arrangement.shape.size() == 1 || row.float32 || wants_float32(row.transform);
        tensor.type = float32 ? "F32" : first.type;
        if (stacked) tensor.shape.insert(tensor.shape.begin(), static_cast<std::int64_t>(sources.size()));
        tensor.origin = first.origin();
        tensor.fill = [sources, type = tensor.type, arrangement](std::span<std::byte> out) {
            const std::size_t each = out.size() / sources.size();
            for (std::size_t i = 0; i < sources.size(); ++i) {
                fill_from(sources[i], type, arrangement, out.subspan(i * each, each));
            }
        };
        return tensor;
    }

    // A weight that no row names would silently be left out of the model.
    void require_nothing_left() const {
        for (const auto& [name, weight] : weights_.by_name) {
            if (used_.contains(name)) continue;
            const auto contains = [&name = name](std::string_view part) {
                return name.find(part) != std::string::npos;
            };
            if (std::any_of(family_.ignored.begin(), family_.ignored.end(), contains)) continue;
            if (std::any_of(ignored_.begin(), ignored_.end(), contains)) continue;
            fail(weight,
                 fmt::format("is not part of a model of family {} with {} blocks; expected none like it",
                             family_.model_types.front(), h_.blocks));
        }
    }

    const Family& family_;
    const Hyperparameters& h_;
    const Weights& weights_;
    std::string prefix_;
    std::set<std::string> used_, ignored_;
    std::vector<engine::ContentTensor> tensors_;
};

}  // namespace

std::vector<engine::ContentTensor> map_weights(const Family& family, const Hyperparameters& h,
                                               const Weights& weights) {
    if (weights.by_name.empty()) {
        throw Error(ErrorCode::model, "model: no tensors; expected the weights that config.json describes");
    }
    return Mapper(family, h, weights).map();
}

std::vector<float> float32_values(const Weight& weight) {
    if (weight.type != "F32" && weight.type != "F16" && weight.type != "BF16") {
        fail(weight, fmt::format("dtype is {}; expected F32, F16 or BF16", weight.type));
    }
    std::vector<float> values(static_cast<std::size_t>(weight.elements()));
    fill_from(weight, "F32", {weight.shape, nullptr}, std::as_writable_bytes(std::span(values)));
    return values;
}

}  // namespace llmx::checkpoint
