#include "method/deletion.hpp"

namespace llmx::method {

engine::PassInput without_rows(const engine::PassInput& text, const std::vector<bool>& absent, Token neutral,
                               const std::map<int, Tokens>& instead) {
    const std::size_t source = text.source.size();
    engine::PassInput shorter;
    const auto put_instead = [&](std::size_t row, Tokens& ids) {
        const auto found = instead.find(static_cast<int>(row));
        if (found != instead.end()) ids.insert(ids.end(), found->second.begin(), found->second.end());
    };
    for (std::size_t row = 0; row < source; ++row) {
        put_instead(row, shorter.source);
        if (!absent[row]) shorter.source.push_back(text.source[row]);
    }
    if (source > 0 && shorter.source.empty()) shorter.source.push_back(neutral);
    std::size_t output = 0;
    for (std::size_t p = 0; p < text.ids.size(); ++p) {
        put_instead(source + p, shorter.ids);
        if (!absent[source + p]) shorter.ids.push_back(text.ids[p]);
        for (; output < text.outputs.size() && text.outputs[output] == static_cast<int>(p); ++output) {
            if (shorter.ids.empty()) shorter.ids.push_back(neutral);
            shorter.outputs.push_back(static_cast<int>(shorter.ids.size()) - 1);
        }
    }
    return shorter;
}

}  // namespace llmx::method
