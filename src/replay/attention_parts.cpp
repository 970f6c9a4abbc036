#include "replay/attention_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>

namespace llmx::replay {

std::vector<AttentionPart> attention_parts(const AttentionReader& reader, const Replay& replay, int prompt,
                                           int answer, const std::string& architecture) {
    std::vector<AttentionPart> parts;
    if (!replay.input().source.empty()) {
        parts.push_back({AttentionKind::cross, "cross", prompt, answer, 0, prompt, 0, {}});
        parts.push_back({AttentionKind::self, "self", prompt, answer, prompt, answer, 0, {}});
        parts.push_back({AttentionKind::encoder, "encoder", 0, prompt, 0, prompt, 0, {}});
    } else if (answer == 0) {
        parts.push_back({AttentionKind::self, "self", 0, prompt, 0, prompt, 0, {}});
    } else {  // the last token predicts nothing, and nothing looks at it
        const int rows = prompt + answer - 1;
        parts.push_back({AttentionKind::self, "self", 0, rows, 0, rows, prompt - 1, {}});
    }
    for (AttentionPart& part : parts) {
        std::copy_if(reader.sites().begin(), reader.sites().end(), std::back_inserter(part.sites),
                     [&](const AttentionSite& site) { return site.kind == part.kind; });
    }
    std::erase_if(parts, [](const AttentionPart& part) { return part.sites.empty(); });
    if (parts.empty()) {
        throw Error(
            ErrorCode::unsupported,
            fmt::format(
                "`views`: architecture \"{}\" has no softmax attention; leave out attention and neuron",
                architecture));
    }
    return parts;
}

std::vector<int> blocks_of(const AttentionPart& part) {
    std::vector<int> blocks;
    for (const AttentionSite& site : part.sites) {
        if (blocks.empty() || blocks.back() != site.block) blocks.push_back(site.block);
    }
    return blocks;
}

std::vector<int> asked_blocks(const AttentionPart& part, const std::vector<int>& asked) {
    std::vector<int> blocks = blocks_of(part);
    std::erase_if(blocks, [&](int block) {
        return !asked.empty() && std::find(asked.begin(), asked.end(), block) == asked.end();
    });
    return blocks;
}

}  // namespace llmx::replay
