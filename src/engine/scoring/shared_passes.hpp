#pragma once
// Runs many texts through the KV cache of one llama.cpp context, no prefix twice.

#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "engine/model/model_impl.hpp"
#include "engine/pass/batch.hpp"
#include "engine/pass/own_products.hpp"
#include "engine/scoring/prefix_paths.hpp"

namespace llmx::engine {

/// Can the model run texts this way? These decoders cannot: recurrent and hybrid ones, whose memory has no
/// cells to remove; sparse attention over a separate index; rotary factors that depend on the size of the
/// context.
bool can_share_prefixes(const Model& model, int tokens);

/// The path that is run, with branches still to come, is the *spine*: sequence 0. A branch is a sequence of
/// its own that shares the spine's cells as far as their texts agree. Rows of all sequences wait in one
/// queue, and as many as saturate the processor are run at a time; many short rests share a pass, and a
/// long one takes several.
class SharedPasses {
public:
    using Visit = std::function<void(std::size_t text, Tensor&& results)>;

    /// For texts of up to `tokens` tokens. Throws Error{model} if llama.cpp cannot create such a context.
    SharedPasses(const Model& model, int tokens);
    SharedPasses(const SharedPasses&) = delete;
    SharedPasses& operator=(const SharedPasses&) = delete;

    /// Texts given by ids and outputs only. Throws what `visit` and `progress` throw.
    void run(std::span<const PassInput* const> texts, const Visit& visit);

    /// Whether OwnProducts takes part; it does at first.
    void compute_products(bool ours) { products_.on = ours; }

    /// Polled during passes with the fraction of tokens done; returning false throws Error{cancelled}.
    void set_progress(std::function<bool(double done)> progress) { progress_ = std::move(progress); }
    [[nodiscard]] std::int64_t computed() const { return computed_; }

private:
    using ResultRow = std::shared_ptr<const std::vector<float>>;
    struct Branch {
        const PrefixPath* path = nullptr;
        llama_seq_id sequence = 0;
        int rows_left = 0;
        int attached = 0;               // cells that it shares with the present spine
        std::vector<ResultRow> shared;  // of outputs before path->from
        Tensor results;                 // [outputs, vocabulary], from its first row on
    };
    struct Row {
        Token token = 0;
        int position = 0;
        Branch* branch = nullptr;  // nullptr: the spine
        bool output = false;
    };

    void follow(const PrefixPath& path);
    void run_spine(const PrefixPath& path);
    void add_branch(const PrefixPath& path);
    void cut_spine(int position);
    void enqueue(const PrefixPath& path, Branch* branch);
    void run_queue();
    [[nodiscard]] int free_cells() const;
    BatchPtr batch_of(int rows);
    void decode(int rows);
    void take_row(const Row& row, const float* logits);
    void finish(Branch* branch);
    Tensor gather(std::span<const ResultRow> rows) const;
    std::vector<ResultRow> spine_results(const PassInput& text, int before) const;
    [[nodiscard]] bool should_abort();

    Model model_;
    int cells_ = 0;
    int outputs_per_pass_ = 0;
    std::int64_t computed_ = 0;
    std::function<bool(double)> progress_;
    std::exception_ptr failure_;  // of progress_
    bool cancelled_ = false;
    OwnProducts products_;

    std::span<const PassInput* const> texts_;
    const Visit* visit_ = nullptr;
    std::int64_t planned_ = 0, done_ = 0;  // tokens of this run
    std::map<int, ResultRow> spine_;       // results by position
    int spine_length_ = 0;
    int retained_ = 0;  // upper bound of the cells of former spines that branches hold
    std::vector<llama_seq_id> free_;
    std::vector<std::unique_ptr<Branch>> branches_;
    std::deque<Row> queue_;
    LlamaContextPtr context_;
};

}  // namespace llmx::engine
