#include "engine/model/model_impl.hpp"

namespace llmx::engine {

const ModelImpl& impl_of(const Model& model) { return *model.impl_; }

Model model_of(std::shared_ptr<const ModelImpl> impl) { return Model(std::move(impl)); }

}  // namespace llmx::engine
