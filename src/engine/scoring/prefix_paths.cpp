#include "engine/scoring/prefix_paths.hpp"

#include <algorithm>
#include <numeric>

namespace llmx::engine {

namespace {

class Builder {
public:
    explicit Builder(std::span<const PassInput* const> texts) : texts_(texts), order_(texts.size()) {
        tokens_.reserve(texts.size());
        for (const PassInput* text : texts) {
            const int to = text->outputs.empty() ? 0 : text->outputs.back() + 1;
            tokens_.push_back(std::span(text->ids).first(static_cast<std::size_t>(to)));
        }
        std::iota(order_.begin(), order_.end(), std::size_t{0});
        std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
            return std::lexicographical_compare(tokens_[a].begin(), tokens_[a].end(), tokens_[b].begin(),
                                                tokens_[b].end());
        });
    }

    PrefixPath build() {
        PrefixPath root = path({0, order_.size()}, 0);
        collect_outputs(root);
        return root;
    }

private:
    struct Range {
        std::size_t first = 0, last = 0;  // of order_
        [[nodiscard]] std::size_t size() const { return last - first; }
    };

    [[nodiscard]] std::span<const Token> at(std::size_t place) const { return tokens_[order_[place]]; }

    /// Length of the prefix that the first and the last of sorted texts share.
    [[nodiscard]] std::size_t common_prefix(Range range) const {
        const auto a = at(range.first);
        const auto b = at(range.last - 1);
        return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
                                        a.begin());
    }

    /// Groups: each text that ends at `depth` by itself, the others by their next token.
    [[nodiscard]] std::vector<Range> fork(Range range, std::size_t depth) const {
        std::vector<Range> parts;
        for (std::size_t i = range.first; i < range.last; ++i) {
            const bool same = !parts.empty() && at(i).size() > depth && at(i - 1).size() > depth &&
                              at(i)[depth] == at(i - 1)[depth];
            if (same) {
                parts.back().last = i + 1;
            } else {
                parts.push_back({i, i + 1});
            }
        }
        return parts;
    }

    PrefixPath path(Range range, std::size_t from) {
        PrefixPath found;
        while (range.size() > 1) {
            const std::size_t depth = common_prefix(range);
            const std::vector<Range> parts = fork(range, depth);
            const auto heaviest = std::max_element(parts.begin(), parts.end(),
                                                   [](Range a, Range b) { return a.size() < b.size(); });
            for (auto part = parts.begin(); part != parts.end(); ++part) {
                if (part != heaviest) found.branches.push_back(path(*part, depth));
            }
            range = *heaviest;
        }
        found.text = order_[range.first];
        found.from = static_cast<int>(from);
        found.to = static_cast<int>(at(range.first).size());
        std::reverse(found.branches.begin(), found.branches.end());
        return found;
    }

    /// Returns the outputs needed from the path's parent.
    std::vector<int> collect_outputs(PrefixPath& path) {
        std::vector<int> wanted = texts_[path.text]->outputs;
        for (PrefixPath& branch : path.branches) {
            const std::vector<int> more = collect_outputs(branch);
            wanted.insert(wanted.end(), more.begin(), more.end());
        }
        std::sort(wanted.begin(), wanted.end());
        wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
        const auto own = std::lower_bound(wanted.begin(), wanted.end(), path.from);
        path.outputs.assign(own, wanted.end());
        wanted.erase(own, wanted.end());
        return wanted;
    }

    std::span<const PassInput* const> texts_;
    std::vector<std::span<const Token>> tokens_;
    std::vector<std::size_t> order_;  // of the texts, sorted
};

}  // namespace

PrefixPath prefix_paths(std::span<const PassInput* const> texts) { return Builder(texts).build(); }

std::int64_t count_tokens(const PrefixPath& path) {
    std::int64_t count = path.to - path.from;
    for (const PrefixPath& branch : path.branches) count += count_tokens(branch);
    return count;
}

}  // namespace llmx::engine
