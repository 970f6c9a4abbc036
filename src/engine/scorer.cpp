#include "engine/scorer.hpp"

namespace llmx::engine {

struct Scorer::Impl {
    Session& session;
    std::int64_t computed = 0;
};

Scorer::Scorer(Session& session) : impl_(std::make_unique<Impl>(Impl{session})) {}
Scorer::~Scorer() = default;
Scorer::Scorer(Scorer&&) noexcept = default;
Scorer& Scorer::operator=(Scorer&&) noexcept = default;

void Scorer::run(std::span<const PassInput> texts, const Visit& visit) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
        impl_->session.run(texts[i]);
        impl_->computed += texts[i].rows();
        visit(i, impl_->session.results());
    }
}

std::int64_t Scorer::computed() const { return impl_->computed; }

}  // namespace llmx::engine
