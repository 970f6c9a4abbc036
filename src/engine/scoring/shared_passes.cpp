#include "engine/scoring/shared_passes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/work.hpp"
#include "engine/llama_guard.hpp"
#include "engine/model/lora.hpp"
#include "engine/model/requirements.hpp"
#include "engine/pass/batch.hpp"
#include "engine/pass/pass_parts.hpp"

namespace llmx::engine {

namespace {

// Rows wait until there are enough to saturate the processor; a pass has a maximum as well. Measured with
// SmolLM2-135M as float32 on 2 cores, in ms per row: 8 rows 4.4, 16 2.9, 32 2.5, 64 2.26, 128 2.2, 240 2.14;
// sequences of 73 rows: one 2.26, two or three 2.1, and 2.45 from four on, whose keys are more than 512.
constexpr int enough_rows = 64;
constexpr int rows_per_pass = 256;
constexpr std::size_t result_bytes = std::size_t{64} << 20;  // of one pass
constexpr llama_seq_id spine = 0;
// ggml reuses cells that a sliding window has passed, unless a second sequence holds them. The spine's cells
// are still needed by branches that leave it earlier.
constexpr llama_seq_id anchor = 1;
constexpr llama_seq_id twin = 2;
constexpr llama_seq_id first_branch = 3;
constexpr llama_seq_id sequences = 64;

/// Context size beyond which llama.cpp uses other rotary factors ("long" ones); 0: none. A file with them
/// gives its original training context; some architectures have them without saying so.
int context_of_long_factors(const Model& model) {
    static constexpr std::array factors{"phi3", "phimoe", "minicpm", "minicpm3"};
    const std::string& architecture = model.facts().architecture;
    const std::string key = architecture + ".rope.scaling.original_context_length";
    std::array<char, 32> text{};
    const int length =
        llama_model_meta_val_str(impl_of(model).model.get(), key.c_str(), text.data(), text.size());
    if (length > 0) return std::atoi(text.data());
    const bool has = std::find(factors.begin(), factors.end(), architecture) != factors.end();
    return has ? model.facts().context : 0;
}

/// Cells: the longest text, and one pass of branches beside it.
int cells(int tokens) { return tokens + rows_per_pass + 1; }

int padded(int context) { return (context + 255) / 256 * 256; }

}  // namespace

bool can_share_prefixes(const Model& model, int tokens) {
    if (!has_plain_cache(model) || gives_every_row(model)) return false;
    const int boundary = context_of_long_factors(model);
    return boundary == 0 || (padded(tokens) > boundary) == (padded(cells(tokens)) > boundary);
}

SharedPasses::SharedPasses(const Model& model, int tokens) : model_(model), cells_(cells(tokens)) {
    require_room_for_cache(model, cells_);
    const auto row_bytes = static_cast<std::size_t>(model.facts().vocabulary) * sizeof(float);
    outputs_per_pass_ =
        std::clamp(static_cast<int>(result_bytes / row_bytes), static_cast<int>(sequences), rows_per_pass);
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<std::uint32_t>(cells_);
    params.n_batch = params.n_ubatch = static_cast<std::uint32_t>(rows_per_pass);
    params.n_outputs_max = static_cast<std::uint32_t>(outputs_per_pass_);
    params.n_seq_max = static_cast<std::uint32_t>(sequences);
    params.kv_unified = true;
    params.n_threads = model.threads();
    params.n_threads_batch = model.threads();
    // Flash attention would be a fifth faster, but rounds keys and values to float16: an error of 3e-4 of the
    // logits.
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.type_k = GGML_TYPE_F32;
    params.type_v = GGML_TYPE_F32;
    params.swa_full = true;
    params.no_perf = true;
    params.abort_callback = [](void* self) { return static_cast<SharedPasses*>(self)->should_abort(); };
    params.abort_callback_data = this;
    // llama.cpp's RPC recognises a repeated graph by a mark that another context can overwrite; with an
    // evaluation callback, graphs have no mark.
    params.cb_eval = [](ggml_tensor*, bool ask, void*) { return !ask; };
    if (impl_of(model).servers == nullptr) {
        params.cb_eval = [](ggml_tensor* node, bool ask, void* self) {
            auto& passes = *static_cast<SharedPasses*>(self);
            if (ask) return passes.products_.before(node);
            passes.products_.after(node, passes.model_.threads());
            return true;
        };
        params.cb_eval_user_data = this;
    }
    const LlamaGuard guard;
    context_.reset(llama_init_from_model(impl_of(model).model.get(), params));
    if (!context_) {
        throw Error(ErrorCode::model,
                    fmt::format("scores: llama.cpp could not make a context of {} tokens: {}", params.n_ctx,
                                guard.reason("a shorter text needs less memory")));
    }
    use_adapters(impl_of(model), context_.get());
}

bool SharedPasses::should_abort() {
    if (!progress_ || cancelled_ || failure_) return cancelled_ || failure_;
    try {
        cancelled_ = !progress_(static_cast<double>(done_) / static_cast<double>(planned_));
    } catch (...) {
        failure_ = std::current_exception();  // not through llama.cpp
    }
    return cancelled_ || failure_;
}

void SharedPasses::run(std::span<const PassInput* const> texts, const Visit& visit) {
    texts_ = texts;
    visit_ = &visit;
    llama_memory_clear(llama_get_memory(context_.get()), false);
    spine_.clear();
    spine_length_ = retained_ = 0;
    branches_.clear();
    queue_.clear();
    cancelled_ = false;
    failure_ = nullptr;
    free_.clear();
    for (llama_seq_id s = sequences; s-- > first_branch;) free_.push_back(s);
    const PrefixPath root = prefix_paths(texts);
    planned_ = count_tokens(root);
    done_ = 0;
    follow(root);
    run_queue();
    spine_.clear();
}

void SharedPasses::follow(const PrefixPath& path) {
    if (path.branches.empty() && path.from > 0) return add_branch(path);
    run_spine(path);
    for (const PrefixPath& branch : path.branches) follow(branch);
}

void SharedPasses::run_spine(const PrefixPath& path) {
    cut_spine(path.from);
    enqueue(path, nullptr);
    run_queue();
    const PassInput& text = *texts_[path.text];
    (*visit_)(path.text, gather(spine_results(text, path.to)));
}

void SharedPasses::cut_spine(int position) {
    if (position >= spine_length_) return;
    llama_memory_t memory = llama_get_memory(context_.get());
    for (const llama_seq_id s : {spine, anchor}) {
        if (!llama_memory_seq_rm(memory, s, position, -1))
            throw Error(ErrorCode::internal, "scores: the model's memory cannot be cut");
    }
    int held = position;
    for (const auto& branch : branches_) {
        held = std::max(held, branch->attached);
        branch->attached = std::min(branch->attached, position);
    }
    retained_ += held - position;
    spine_.erase(spine_.lower_bound(position), spine_.end());
    spine_length_ = position;
}

void SharedPasses::add_branch(const PrefixPath& path) {
    cut_spine(path.from);  // branches come deepest first, so the rest is not needed any more
    const PassInput& text = *texts_[path.text];
    std::vector<ResultRow> shared = spine_results(text, path.from);
    if (path.from == path.to) return (*visit_)(path.text, gather(shared));
    if (free_.empty()) run_queue();
    branches_.push_back(std::make_unique<Branch>(
        Branch{&path, free_.back(), path.to - path.from, path.from, std::move(shared), {}}));
    free_.pop_back();
    Branch* branch = branches_.back().get();
    llama_memory_seq_cp(llama_get_memory(context_.get()), spine, branch->sequence, 0, path.from);
    enqueue(path, branch);
    if (static_cast<int>(queue_.size()) >= enough_rows) run_queue();
}

void SharedPasses::enqueue(const PrefixPath& path, Branch* branch) {
    const Tokens& ids = texts_[path.text]->ids;
    auto output = path.outputs.begin();
    for (int position = path.from; position < path.to; ++position) {
        const bool wanted = output != path.outputs.end() && *output == position;
        if (wanted) ++output;
        queue_.push_back({ids[static_cast<std::size_t>(position)], position, branch, wanted});
    }
}

/// Runs all waiting rows, in passes of about equal size.
void SharedPasses::run_queue() {
    while (!queue_.empty()) {
        const auto waiting = static_cast<int>(queue_.size());
        const int passes = (waiting + rows_per_pass - 1) / rows_per_pass;
        const int most = std::clamp(free_cells() - 1, 1, (waiting + passes - 1) / passes);  // 1 for a twin
        int rows = 0;
        int outputs = 0;
        while (rows < most) {
            if (queue_[static_cast<std::size_t>(rows)].output && ++outputs > outputs_per_pass_) break;
            ++rows;
        }
        decode(rows);
    }
}

int SharedPasses::free_cells() const {
    int used = spine_length_ + retained_;
    for (const auto& branch : branches_) used += branch->path->to - branch->path->from - branch->rows_left;
    return cells_ - used;
}

BatchPtr SharedPasses::batch_of(int rows) {
    // ggml multiplies a single row with other kernels, which differ in the last bit: it gets a twin
    const bool single = rows == 1;
    BatchPtr batch = make_batch(single ? 2 : rows, 2);
    for (int i = 0; i < rows; ++i) {
        const Row& row = queue_[static_cast<std::size_t>(i)];
        set_token(*batch, i, row.token, row.position, row.output);
        if (row.branch != nullptr) {
            batch->seq_id[i][0] = row.branch->sequence;
        } else {
            batch->n_seq_id[i] = 2;
            batch->seq_id[i][0] = spine;
            batch->seq_id[i][1] = anchor;
        }
    }
    if (single) {
        llama_memory_seq_cp(llama_get_memory(context_.get()), batch->seq_id[0][0], twin, 0, -1);
        set_token(*batch, 1, batch->token[0], batch->pos[0], false);
        batch->seq_id[1][0] = twin;
    }
    return batch;
}

void SharedPasses::decode(int rows) {
    const BatchPtr batch = batch_of(rows);
    ++work().passes;
    const int status = llama_decode(context_.get(), *batch);
    products_.restore();
    if (rows == 1) llama_memory_seq_rm(llama_get_memory(context_.get()), twin, -1, -1);
    if (failure_) std::rethrow_exception(failure_);
    if (cancelled_) throw Error(ErrorCode::cancelled, "scores: cancelled");
    if (status != 0)
        throw Error(ErrorCode::internal, fmt::format("scores: llama.cpp failed in a pass (code {})", status));
    computed_ += rows;
    done_ += rows;
    for (int i = 0; i < rows; ++i) {
        const Row row = queue_.front();
        queue_.pop_front();
        const float* logits = row.output ? llama_get_logits_ith(context_.get(), i) : nullptr;
        if (row.output && logits == nullptr) {
            throw Error(ErrorCode::internal, fmt::format("scores: no result at position {}", row.position));
        }
        take_row(row, logits);
    }
}

/// A row that has been computed; `logits` of an output.
void SharedPasses::take_row(const Row& row, const float* logits) {
    const auto width = static_cast<std::size_t>(model_.facts().vocabulary);
    if (row.branch == nullptr) {
        spine_length_ = row.position + 1;
        if (logits != nullptr)
            spine_[row.position] = std::make_shared<const std::vector<float>>(logits, logits + width);
        return;
    }
    Branch& branch = *row.branch;
    const std::vector<int>& outputs = texts_[branch.path->text]->outputs;
    if (logits != nullptr) {
        if (branch.results.empty()) {
            branch.results = gather(branch.shared);
            branch.results.values.reserve(outputs.size() * width);
        }
        for (auto n = std::count(outputs.begin(), outputs.end(), row.position); n > 0; --n) {
            branch.results.values.insert(branch.results.values.end(), logits, logits + width);
            ++branch.results.shape[0];
        }
    }
    if (--branch.rows_left == 0) finish(&branch);
}

void SharedPasses::finish(Branch* branch) {
    llama_memory_seq_rm(llama_get_memory(context_.get()), branch->sequence, -1, -1);
    free_.push_back(branch->sequence);
    const std::size_t text = branch->path->text;
    Tensor results = std::move(branch->results);
    std::erase_if(branches_, [&](const auto& b) { return b.get() == branch; });
    if (branches_.empty()) retained_ = 0;
    (*visit_)(text, std::move(results));
}

/// Results of a text's outputs before a position that the spine has.
std::vector<SharedPasses::ResultRow> SharedPasses::spine_results(const PassInput& text, int before) const {
    std::vector<ResultRow> rows;
    for (const int output : text.outputs) {
        if (output < before) rows.push_back(spine_.at(output));
    }
    return rows;
}

Tensor SharedPasses::gather(std::span<const ResultRow> rows) const {
    Tensor results{{static_cast<std::int64_t>(rows.size()), model_.facts().vocabulary}, {}};
    results.values.reserve(rows.size() * static_cast<std::size_t>(model_.facts().vocabulary));
    for (const ResultRow& row : rows) results.values.insert(results.values.end(), row->begin(), row->end());
    return results;
}

}  // namespace llmx::engine
