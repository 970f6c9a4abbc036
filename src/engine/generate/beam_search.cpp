#include "engine/generate/beam_search.hpp"

#include <algorithm>
#include <cmath>

#include "engine/generate/answer.hpp"
#include "engine/generate/decoder.hpp"
#include "engine/generate/sampler.hpp"

namespace llmx::engine {
namespace {

using Row = std::shared_ptr<const std::vector<float>>;

/// One text among those continued side by side.
struct Beam {
    Tokens ids;             // of the answer
    double score = 0;       // Σ log p; of a finished one, divided by length^length_penalty
    std::vector<Row> rows;  // the logits of each token, if kept
};

struct Candidate {
    std::size_t parent = 0;
    Token token = 0;
    double score = 0;
};

/// log softmax in double, and the repetition penalty on it, as transformers does in beam search.
std::vector<float> log_probabilities(std::span<const float> logits, std::span<const Token> text,
                                     float penalty) {
    const double largest = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (const float z : logits) sum += std::exp(z - largest);
    const double normaliser = largest + std::log(sum);
    std::vector<float> result;
    result.reserve(logits.size());
    for (const float z : logits) result.push_back(static_cast<float>(z - normaliser));
    penalize(text, penalty, result);
    return result;
}

class Search {
public:
    Search(const Model& model, const Beginning& beginning, const GenerateOptions& options)
        : model_(model),
          options_(options),
          beginning_(beginning),
          width_(static_cast<std::size_t>(options.num_beams)),
          pulse_(options.progress,
                 size().source + static_cast<int>(beginning.text.size()) + options.max_new_tokens),
          decoder_(model, size(), pulse_) {
        const llama_vocab* vocab = impl_of(model).vocab();
        std::size_t ends = 0;
        for (Token id = 0; id < model.facts().vocabulary; ++id) ends += llama_vocab_is_eog(vocab, id) ? 1 : 0;
        // Even if every beam may end in every way, as many candidates go on as there are beams.
        wanted_ = std::max<std::size_t>(2, 1 + ends) * width_;
    }

    Generation run() {
        if (!beginning_.source.empty()) decoder_.encode(beginning_.source);
        decoder_.decode(beginning_.text, 0, 1);
        running_.emplace_back();
        while (step()) read_last_tokens();
        const auto best = std::max_element(finished_.begin(), finished_.end(), worse);
        return answer(best == finished_.end() ? running_.front() : *best);
    }

private:
    static bool worse(const Beam& a, const Beam& b) { return a.score < b.score; }

    Decoder::Size size() const {
        const int prompt = static_cast<int>(beginning_.text.size());
        const int beams = options_.num_beams;
        return {.tokens = prompt + beams * options_.max_new_tokens,
                .batch = std::max(prompt, beams),
                .outputs = beams,
                .sequences = 2 * beams,
                .source = static_cast<int>(beginning_.source.size())};
    }

    /// Makes all beams one token longer. False: the search is over.
    bool step() {
        const int length = static_cast<int>(running_.front().ids.size()) + 1;
        const bool full_length = length == options_.max_new_tokens;
        const bool full = finished_.size() == width_;
        std::vector<Beam> next;
        std::vector<std::size_t> parents;
        const std::vector<Candidate> found = candidates();
        for (std::size_t rank = 0; rank < found.size() && next.size() < width_; ++rank) {
            const Candidate& c = found[rank];
            Beam beam = running_[c.parent];
            beam.ids.push_back(c.token);
            beam.score = c.score;
            if (options_.keep_logits) beam.rows.push_back(rows_[c.parent]);
            if (full_length || llama_vocab_is_eog(impl_of(model_).vocab(), c.token)) {
                // One that ends counts only where it would have gone on otherwise.
                if (rank >= width_ || (full && options_.early_stopping == EarlyStopping::yes)) continue;
                beam.score /= std::pow(length, options_.length_penalty);
                finished_.push_back(std::move(beam));
            } else {
                parents.push_back(c.parent);
                next.push_back(std::move(beam));
            }
        }
        keep_best_finished();
        running_ = std::move(next);
        if (full_length || running_.empty() || !can_improve(length)) return false;
        follow(parents);
        return true;
    }

    /// The most probable continuations of all beams, best first.
    std::vector<Candidate> candidates() {
        std::vector<Candidate> all;
        rows_.clear();
        for (std::size_t b = 0; b < running_.size(); ++b) {
            const std::span<const float> logits = decoder_.logits(static_cast<int>(b));
            if (options_.keep_logits) {
                rows_.push_back(std::make_shared<const std::vector<float>>(logits.begin(), logits.end()));
            }
            Tokens text = beginning_.text;
            text.insert(text.end(), running_[b].ids.begin(), running_[b].ids.end());
            const std::vector<float> log_p = log_probabilities(logits, text, options_.repetition_penalty);
            Tokens order(log_p.size());
            for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<Token>(i);
            const auto most = static_cast<std::ptrdiff_t>(std::min(wanted_, order.size()));
            std::partial_sort(order.begin(), order.begin() + most, order.end(), [&](Token x, Token y) {
                const float px = log_p[static_cast<std::size_t>(x)];
                const float py = log_p[static_cast<std::size_t>(y)];
                return px > py || (px == py && x < y);
            });
            for (std::ptrdiff_t i = 0; i < most; ++i) {
                const Token id = order[static_cast<std::size_t>(i)];
                const float p = log_p[static_cast<std::size_t>(id)];
                if (p > -INFINITY) all.push_back({b, id, running_[b].score + p});
            }
        }
        std::stable_sort(all.begin(), all.end(),
                         [](const Candidate& x, const Candidate& y) { return x.score > y.score; });
        if (all.size() > wanted_) all.resize(wanted_);
        return all;
    }

    void keep_best_finished() {
        std::stable_sort(finished_.begin(), finished_.end(),
                         [](const Beam& a, const Beam& b) { return worse(b, a); });
        if (finished_.size() > width_) finished_.resize(width_);
    }

    bool can_improve(int length) const {
        if (finished_.size() < width_) return true;
        if (options_.early_stopping == EarlyStopping::yes) return false;
        const bool longest = options_.early_stopping == EarlyStopping::never && options_.length_penalty > 0;
        const double reached = longest ? options_.max_new_tokens : length;
        return running_.front().score / std::pow(reached, options_.length_penalty) > finished_.back().score;
    }

    /// The i-th beam's memory becomes a copy of its parent's.
    void follow(std::span<const std::size_t> parents) {
        const auto beams = static_cast<int>(width_);
        const int old = bank_;
        bank_ = beams - bank_;
        for (std::size_t i = 0; i < parents.size(); ++i)
            decoder_.copy(old + static_cast<int>(parents[i]), bank_ + static_cast<int>(i));
        for (int i = 0; i < beams; ++i) decoder_.forget(old + i);
    }

    void read_last_tokens() {
        std::vector<Place> places;
        const int position = static_cast<int>(beginning_.text.size() + running_.front().ids.size()) - 1;
        for (std::size_t b = 0; b < running_.size(); ++b)
            places.push_back({running_[b].ids.back(), position, bank_ + static_cast<int>(b), true});
        decoder_.decode(places);
        pulse_.at(static_cast<int>(beginning_.source.size()) + position + 1);
    }

    Generation answer(const Beam& best) const {
        Answer answer(model_, options_);
        for (std::size_t i = 0; i < best.ids.size(); ++i) {
            const std::span<const float> logits =
                options_.keep_logits ? std::span<const float>(*best.rows[i]) : std::span<const float>();
            if (!answer.add(best.ids[i], logits)) break;
        }
        answer.result.score = best.score;
        return std::move(answer.result);
    }

    const Model& model_;
    const GenerateOptions& options_;
    const Beginning& beginning_;
    std::size_t width_;
    std::size_t wanted_ = 0;
    Pulse pulse_;
    Decoder decoder_;
    int bank_ = 0;  // first sequence of the running beams: 0 or the number of beams, in turn
    std::vector<Beam> running_;
    std::vector<Beam> finished_;  // at most as many as beams, best first
    std::vector<Row> rows_;       // the logits of the running beams
};

}  // namespace

Generation beam_search(const Model& model, const Beginning& beginning, const GenerateOptions& options) {
    return Search(model, beginning, options).run();
}

}  // namespace llmx::engine
