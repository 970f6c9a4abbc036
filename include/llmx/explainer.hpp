#pragma once
// Explains answers: an Explainer turns a Request into an Explanation.

#include <memory>
#include <vector>

#include <llmx/export.hpp>
#include <llmx/methods.hpp>
#include <llmx/model.hpp>
#include <llmx/request.hpp>
#include <llmx/result.hpp>

namespace llmx {

/// Explains answers of one model with a fixed list of methods. Not thread-safe.
class LLMX_API Explainer {
public:
    /// `methods` must not be empty. Throws Error{usage} for an unknown method or option.
    Explainer(Model model, std::vector<Method> methods);
    ~Explainer();
    Explainer(Explainer&&) noexcept;
    Explainer& operator=(Explainer&&) noexcept;

    /// Explains an answer, with one replay and one reverse pass where the methods allow it. Reuses the memory
    /// of earlier calls. Throws Error.
    [[nodiscard]] Explanation compute(const Request& request);

    [[nodiscard]] const Model& model() const { return model_; }

private:
    struct Memory;
    Model model_;
    std::vector<Method> methods_;
    std::unique_ptr<Memory> memory_;
};

}  // namespace llmx
