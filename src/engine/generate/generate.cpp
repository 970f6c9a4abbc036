#include "engine/generate/beam_search.hpp"
#include "engine/generate/request.hpp"
#include "engine/generate/write.hpp"
#include "engine/model/requirements.hpp"

namespace llmx {

Generation Model::generate(std::span<const Token> prompt, const GenerateOptions& options) const {
    const engine::Beginning beginning = engine::begin(*this, prompt, options);
    Generation answer = options.num_beams > 1 ? engine::beam_search(*this, beginning, options)
                                              : engine::write(*this, beginning, options);
    const std::size_t tokens = beginning.text.size() + answer.ids.size();
    const std::string warning = engine::context_warning(*this, static_cast<int>(tokens));
    if (!warning.empty()) answer.warnings.push_back(warning);
    return answer;
}

}  // namespace llmx
