#include "engine/model/types.hpp"

#include <algorithm>
#include <cctype>
#include <llmx/model.hpp>

#include "core/suggest.hpp"

namespace llmx {
namespace {

struct Row {
    std::string_view name;
    llama_ftype type;
    bool quantize = true;  // can be made without an importance matrix
};

constexpr Row rows[] = {
    {"F32", LLAMA_FTYPE_ALL_F32},
    {"F16", LLAMA_FTYPE_MOSTLY_F16},
    {"BF16", LLAMA_FTYPE_MOSTLY_BF16},
    {"Q8_0", LLAMA_FTYPE_MOSTLY_Q8_0},
    {"Q6_K", LLAMA_FTYPE_MOSTLY_Q6_K},
    {"Q5_K_M", LLAMA_FTYPE_MOSTLY_Q5_K_M},
    {"Q5_K_S", LLAMA_FTYPE_MOSTLY_Q5_K_S},
    {"Q5_1", LLAMA_FTYPE_MOSTLY_Q5_1},
    {"Q5_0", LLAMA_FTYPE_MOSTLY_Q5_0},
    {"Q4_K_M", LLAMA_FTYPE_MOSTLY_Q4_K_M},
    {"Q4_K_S", LLAMA_FTYPE_MOSTLY_Q4_K_S},
    {"Q4_1", LLAMA_FTYPE_MOSTLY_Q4_1},
    {"Q4_0", LLAMA_FTYPE_MOSTLY_Q4_0},
    {"IQ4_NL", LLAMA_FTYPE_MOSTLY_IQ4_NL},
    {"IQ4_XS", LLAMA_FTYPE_MOSTLY_IQ4_XS},
    {"Q3_K_L", LLAMA_FTYPE_MOSTLY_Q3_K_L},
    {"Q3_K_M", LLAMA_FTYPE_MOSTLY_Q3_K_M},
    {"Q3_K_S", LLAMA_FTYPE_MOSTLY_Q3_K_S},
    {"Q2_K", LLAMA_FTYPE_MOSTLY_Q2_K},
    {"TQ2_0", LLAMA_FTYPE_MOSTLY_TQ2_0},
    {"TQ1_0", LLAMA_FTYPE_MOSTLY_TQ1_0},
    {"MXFP4_MOE", LLAMA_FTYPE_MOSTLY_MXFP4_MOE},
    {"Q2_K_S", LLAMA_FTYPE_MOSTLY_Q2_K_S, false},
    {"IQ3_M", LLAMA_FTYPE_MOSTLY_IQ3_M},
    {"IQ3_S", LLAMA_FTYPE_MOSTLY_IQ3_S},
    {"IQ3_XS", LLAMA_FTYPE_MOSTLY_IQ3_XS, false},
    {"IQ3_XXS", LLAMA_FTYPE_MOSTLY_IQ3_XXS, false},
    {"IQ2_M", LLAMA_FTYPE_MOSTLY_IQ2_M, false},
    {"IQ2_S", LLAMA_FTYPE_MOSTLY_IQ2_S, false},
    {"IQ2_XS", LLAMA_FTYPE_MOSTLY_IQ2_XS, false},
    {"IQ2_XXS", LLAMA_FTYPE_MOSTLY_IQ2_XXS, false},
    {"IQ1_M", LLAMA_FTYPE_MOSTLY_IQ1_M, false},
    {"IQ1_S", LLAMA_FTYPE_MOSTLY_IQ1_S, false},
    {"NVFP4", LLAMA_FTYPE_MOSTLY_NVFP4, false},
    {"Q1_0", LLAMA_FTYPE_MOSTLY_Q1_0, false},
    {"Q2_0", LLAMA_FTYPE_MOSTLY_Q2_0, false},
};

}  // namespace

std::string engine::type_name(llama_ftype type) {
    // A file that does not say its type has it guessed from its tensors.
    const int known = static_cast<int>(type) & ~static_cast<int>(LLAMA_FTYPE_GUESSED);
    for (const Row& row : rows) {
        if (row.type == known) return std::string(row.name);
    }
    return llama_ftype_name(type);
}

llama_ftype engine::quantize_type(std::string_view name) {
    std::string upper(name);
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char c) { return std::toupper(c); });
    for (const Row& row : rows) {
        if (row.quantize && row.name == upper) return row.type;
    }
    throw Error(ErrorCode::usage, unknown_message("type", name, quantize_types()));
}

std::vector<std::string> quantize_types() {
    std::vector<std::string> names;
    for (const Row& row : rows) {
        if (row.quantize) names.emplace_back(row.name);
    }
    return names;
}

}  // namespace llmx
