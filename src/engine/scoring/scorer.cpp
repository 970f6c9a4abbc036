#include "engine/scoring/scorer.hpp"

#include <optional>

#include "engine/pass/pass_parts.hpp"
#include "engine/scoring/shared_passes.hpp"

namespace llmx::engine {

struct Scorer::Impl {
    explicit Impl(Session& s) : session(s), shares(can_share_prefixes(s.model(), s.size().tokens)) {}

    void run_whole(std::size_t index, const PassInput& text, const Visit& visit) {
        auto before = session.set_progress(progress);
        try {
            session.run_by_ggml(text);  // as SharedPasses do
        } catch (...) {
            session.set_progress(std::move(before));
            throw;
        }
        session.set_progress(std::move(before));
        computed += text.rows();
        visit(index, session.results());
    }

    void run_shared(std::span<const std::size_t> indices, std::span<const PassInput> texts,
                    const Visit& visit) {
        if (indices.empty()) return;
        if (!shared) shared.emplace(session.model(), session.size().tokens);
        shared->compute_products(!by_ggml);
        shared->set_progress(progress);
        std::vector<const PassInput*> inputs;
        inputs.reserve(indices.size());
        for (const std::size_t i : indices) inputs.push_back(&texts[i]);
        shared->run(inputs, [&](std::size_t i, Tensor&& results) { visit(indices[i], std::move(results)); });
    }

    Session& session;
    bool shares;
    std::optional<SharedPasses> shared;  // made when first wanted
    std::int64_t computed = 0;           // whole
    std::function<bool(double)> progress;
    bool by_ggml = false;
};

Scorer::Scorer(Session& session) : impl_(std::make_unique<Impl>(session)) {}
Scorer::~Scorer() = default;
Scorer::Scorer(Scorer&&) noexcept = default;
Scorer& Scorer::operator=(Scorer&&) noexcept = default;

void Scorer::set_progress(std::function<bool(double)> progress) { impl_->progress = std::move(progress); }

void Scorer::run(std::span<const PassInput> texts, const Visit& visit) {
    std::vector<std::size_t> sharing;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        check_input(impl_->session.model(), impl_->session.size(), texts[i]);
        if (impl_->shares && texts[i].hidden.empty() && texts[i].embeddings.empty()) sharing.push_back(i);
    }
    impl_->run_shared(sharing, texts, visit);
    if (sharing.size() == texts.size()) return;
    auto next = sharing.begin();
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (next != sharing.end() && *next == i) {
            ++next;
        } else {
            impl_->run_whole(i, texts[i], visit);
        }
    }
}

void Scorer::run_by_ggml(std::span<const PassInput> texts, const Visit& visit) {
    struct Reset {
        bool& by_ggml;
        ~Reset() { by_ggml = false; }
    } reset{impl_->by_ggml};
    impl_->by_ggml = true;
    run(texts, visit);
}

bool Scorer::shares_prefixes() const { return impl_->shares; }

std::int64_t Scorer::computed() const {
    return impl_->computed + (impl_->shared ? impl_->shared->computed() : 0);
}

}  // namespace llmx::engine
