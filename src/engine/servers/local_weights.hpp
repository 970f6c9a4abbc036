#pragma once
// The weights of GGUF files, mapped and only read: where servers have the model's, these are the same.

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct ggml_tensor;

namespace llmx::engine {

class LocalWeights {
public:
    /// `parts`: files that check_gguf has passed. Throws Error{model} for one that cannot be mapped.
    explicit LocalWeights(const std::vector<std::filesystem::path>& parts);

    /// What a weight of the model holds, or nullptr where it is not one of the files' tensors.
    [[nodiscard]] const char* find(const ggml_tensor* weight) const;

private:
    struct Place {
        const char* data = nullptr;
        std::size_t bytes = 0;
        int type = 0;
    };
    void map(const std::filesystem::path& part);

    std::vector<std::shared_ptr<const char>> files_;
    std::map<std::string, Place, std::less<>> places_;
};

/// A weight's bytes in this machine's memory: its own, or those of `local` (may be nullptr). nullptr where a
/// server alone has them.
const void* weight_data(const ggml_tensor* weight, const LocalWeights* local);

}  // namespace llmx::engine
