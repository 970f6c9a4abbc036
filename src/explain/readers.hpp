#pragma once
// What reads the pass of a text while it is recorded: the original's methods, hidden states, the views.

#include <memory>
#include <span>
#include <vector>

#include "explain/subject.hpp"
#include "method/bound_method.hpp"

namespace llmx {

/// A text and its pass, which everything shares that explains this text.
struct Text {
    Subject subject;
    std::shared_ptr<replay::Replay> replay;
};

class Readers {
public:
    /// All references must outlive the readers, and these must stay where they are until the last visit.
    Readers(const Request& request, const Model& model, const Text& text)
        : request_(request), model_(model), text_(text) {}

    /// A method that reads (Definition::read).
    void add(const method::Definition& definition);
    /// What the request keeps of the pass besides: hidden states (of a logit lens too), views of attention.
    void add_records();

    /// Tells the replay all needs; its pieces are then read as they are recorded.
    void plan();
    /// Do any explain the objective? They make reverse passes, which visit the replay.
    [[nodiscard]] bool any_of_objective() const { return !of_objective_.empty(); }
    void finish_objective(Explanation& result);
    /// All others, after a visit.
    void finish(Explanation& result);

private:
    using List = std::vector<std::unique_ptr<method::Reader>>;

    const Request& request_;
    const Model& model_;
    const Text& text_;
    List of_objective_, others_;
};

}  // namespace llmx
