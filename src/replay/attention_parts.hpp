#pragma once
// The attention matrices of a pass, one a kind, for the views: where their rows and columns are in the
// replay.

#include <vector>

#include "replay/attention_reader.hpp"

namespace llmx::replay {

struct AttentionPart {
    AttentionKind kind = AttentionKind::self;
    const char* name = "";
    int first_row = 0, rows = 0;  ///< queries, rows of the replay
    int first_key = 0, keys = 0;
    int answer_row = 0;  ///< of the rows: from here on they predict the answer
    std::vector<AttentionSite> sites;
};

/// A part of each kind that the pass has, the one that the answer looks at its sources with first. Of
/// `prompt` tokens (a source's) and a text of `answer` tokens, 0 for an encoder. Throws Error{unsupported}
/// where there is no softmax attention; `architecture` is for that message.
std::vector<AttentionPart> attention_parts(const AttentionReader& reader, const Replay& replay, int prompt,
                                           int answer, const std::string& architecture);

/// The blocks of a part's sites, ascending, each once.
std::vector<int> blocks_of(const AttentionPart& part);

/// Those of them that are asked for (none: all).
std::vector<int> asked_blocks(const AttentionPart& part, const std::vector<int>& asked);

}  // namespace llmx::replay
