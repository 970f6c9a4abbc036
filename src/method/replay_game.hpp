#pragma once
// A Game that is a model: units of the source taken away, the readout's targets out (definitions 4).

#include <llmx/enums.hpp>
#include <map>
#include <optional>

#include "engine/scoring/scorer.hpp"
#include "method/absence.hpp"
#include "method/context.hpp"
#include "method/game.hpp"

namespace llmx::method {

class ReplayGame : public Game {
public:
    /// The scene must outlive the game. Throws Error{unsupported} where this kind of absence does not go with
    /// the model.
    ReplayGame(AttributionContext& scene, Removal removal);

    [[nodiscard]] std::size_t units() const override { return scene_.units.size(); }
    [[nodiscard]] std::size_t targets() const override { return scene_.readout->targets(); }
    [[nodiscard]] std::vector<std::vector<int>> levels() const override {
        return scene_.levels ? scene_.levels() : std::vector<std::vector<int>>{};
    }
    std::vector<std::vector<double>> values(std::span<const Coalition> coalitions) override;
    [[nodiscard]] int log_probability_tokens(std::size_t target) const override {
        return scene_.readout->log_probability_tokens(target);
    }

    /// The size up to which a difference of two values may be rounding, as a quantised model rounds a text
    /// differently beside others: twice the largest difference over a few texts between their value among
    /// the others and alone. None where every text has its own value to the last bit.
    [[nodiscard]] std::optional<double> noise();

    /// Tokens that the model has computed for this game.
    [[nodiscard]] std::int64_t computed() const { return scene_.scorer->computed() - computed_before_; }

private:
    /// Coalitions with equal texts have one value: deleting either of two equal neighbours is the same.
    using Key = std::vector<int>;
    struct Case {
        Key key;
        std::vector<engine::PassInput> texts;
        double asked = 0;  // coalitions
    };

    [[nodiscard]] engine::PassInput text_without(const engine::PassInput& text, const Coalition& kept) const;
    [[nodiscard]] Case case_of(const Coalition& kept) const;
    void run(std::vector<Case>& cases);
    void keep_sample(const std::vector<Case>& cases);

    AttributionContext& scene_;
    Removal removal_;
    std::int64_t computed_before_ = 0;
    std::map<Key, std::vector<double>> known_;
    std::vector<Case> sample_;  // a few of the first run's cases
};

}  // namespace llmx::method
