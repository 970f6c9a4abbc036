#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <llmx/error.hpp>

#include "checkpoint/family.hpp"

namespace llmx::checkpoint {

namespace families {
#define LLMX_FAMILY(name, file) extern const Family name;
#include "checkpoint/families.def"
#undef LLMX_FAMILY
}  // namespace families

namespace {

const Family* const all[] = {
#define LLMX_FAMILY(name, file) &families::name,
#include "checkpoint/families.def"
#undef LLMX_FAMILY
};

}  // namespace

std::vector<std::string> known_model_types() {
    std::vector<std::string> types;
    for (const Family* family : all)
        types.insert(types.end(), family->model_types.begin(), family->model_types.end());
    return types;
}

const Family& find_family(const Object& config) {
    const std::string type = config.text({"model_type"});
    for (const Family* family : all) {
        const auto types = family->model_types;
        if (std::find(types.begin(), types.end(), type) != types.end()) return *family;
    }
    throw Error(ErrorCode::unsupported,
                fmt::format("config.json: unknown model_type \"{}\"; known: {}; llama.cpp's "
                            "convert_hf_to_gguf.py may be able to convert it to GGUF",
                            type.substr(0, 60), fmt::join(known_model_types(), ", ")));
}

}  // namespace llmx::checkpoint
