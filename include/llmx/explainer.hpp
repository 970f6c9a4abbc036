#pragma once
// Explaining an answer: the object that turns a request into a result.

#include <memory>
#include <vector>

#include <llmx/methods.hpp>
#include <llmx/model.hpp>
#include <llmx/request.hpp>
#include <llmx/result.hpp>

namespace llmx {

class Explainer {
public:
    /// `methods` may not be empty; throws Error{usage} for a method that is not known. Keeps the memory of a
    /// recording for the next call.
    Explainer(Model model, std::vector<Method> methods);
    ~Explainer();
    Explainer(Explainer&&) noexcept;
    Explainer& operator=(Explainer&&) noexcept;

    /// One replay and one reverse pass where the mathematics allows it. Throws Error.
    [[nodiscard]] Explanation compute(const Request& request);

    [[nodiscard]] const Model& model() const { return model_; }

private:
    struct Memory;
    Model model_;
    std::vector<Method> methods_;
    std::unique_ptr<Memory> memory_;
};

}  // namespace llmx
