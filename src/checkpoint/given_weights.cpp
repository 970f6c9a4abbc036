#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <llmx/error.hpp>
#include <memory>

#include "checkpoint/load.hpp"
#include "engine/gguf/content.hpp"
#include "engine/model/digest.hpp"

namespace llmx::checkpoint {
namespace {

class Memory final : public WeightSource {
public:
    Memory(const std::string& name, std::span<const std::byte> values)
        : WeightSource(name), values_(values) {}
    void read(std::uint64_t from, std::span<std::byte> out) const override {
        std::memcpy(out.data(), values_.data() + from, out.size());
    }

private:
    std::span<const std::byte> values_;
};

}  // namespace

Weights given_weights(const std::string& name, std::span<const GivenWeight> weights) {
    Weights all;
    for (const GivenWeight& given : weights) {
        Weight weight{given.name, given.type,          given.shape,
                      0,          given.values.size(), std::make_shared<const Memory>(name, given.values)};
        const bool is_float = given.type == "F32" || given.type == "F16" || given.type == "BF16";
        const auto size = static_cast<std::uint64_t>(weight.elements()) * engine::element_size(given.type);
        if (is_float && size != given.values.size()) {
            throw Error(ErrorCode::model,
                        fmt::format("model {}: tensor {}: {} bytes; expected {} for its shape and type {}",
                                    name, given.name, given.values.size(), size, given.type));
        }
        if (!all.by_name.emplace(given.name, std::move(weight)).second) {
            throw Error(ErrorCode::model,
                        fmt::format("model {}: tensor {} is given twice; expected once", name, given.name));
        }
    }
    return all;
}

std::string digest(std::span<const GivenWeight> weights) {
    std::vector<const GivenWeight*> order;
    for (const GivenWeight& weight : weights) order.push_back(&weight);
    std::sort(order.begin(), order.end(),
              [](const GivenWeight* a, const GivenWeight* b) { return a->name < b->name; });
    engine::Sha256 sha256;
    for (const GivenWeight* weight : order) {
        sha256.add(std::as_bytes(std::span(weight->name)));
        sha256.add(weight->values);
    }
    return sha256.first_16();
}

}  // namespace llmx::checkpoint
