#pragma once
// What of many things is kept where room is short.

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace llmx::record {

/// Keeps the items of the first ranks that fit into `budget` bytes together (0: all), in whatever order they
/// are offered.
template <class Item>
class BudgetedSelection {
public:
    using Rank = std::array<int, 3>;

    explicit BudgetedSelection(std::size_t budget) : budget_(budget) {}

    /// False once something of this rank or before it was dropped.
    [[nodiscard]] bool may_keep(const Rank& rank) const { return !dropped_ || rank < *dropped_; }

    void offer(const Rank& rank, std::size_t bytes, Item item) {
        if (!may_keep(rank)) return;
        kept_.insert_or_assign(rank, std::pair(bytes, std::move(item)));
        used_ += bytes;
        while (budget_ > 0 && used_ > budget_) {
            const auto last = std::prev(kept_.end());
            dropped_ = last->first;
            used_ -= last->second.first;
            kept_.erase(last);
        }
    }

    [[nodiscard]] std::vector<Item> finish() {
        std::vector<Item> items;
        items.reserve(kept_.size());
        for (auto& [rank, entry] : kept_) items.push_back(std::move(entry.second));
        kept_.clear();
        return items;
    }

private:
    std::size_t budget_;
    std::size_t used_ = 0;
    std::optional<Rank> dropped_;
    std::map<Rank, std::pair<std::size_t, Item>> kept_;
};

/// The place of each of `count` things in an order whose every beginning is spread over them: the first, the
/// last, the middle, those between, ...
std::vector<int> spread(int count);

/// Characters of a base64 text.
constexpr std::size_t base64_size(std::size_t bytes) { return (bytes + 2) / 3 * 4; }

}  // namespace llmx::record
