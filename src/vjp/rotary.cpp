// Angles follow ggml's float32 arithmetic step by step; otherwise large positions would drift from the
// forward pass.

#include "vjp/rotary.hpp"

#include <cmath>
#include <vector>

#include "core/fast_math.hpp"
#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

// ggml's GGML_ROPE_TYPE_...
enum Mode : std::int32_t { normal = 0, neox = 2, mrope = 8, vision = 24, imrope = 40 };

/// op_params of ROPE. `pairs`: rotated pairs in a row; `first`: the first rotated element.
struct Params {
    std::int32_t mode, dims, original_context, first, sections[4];
    float base, scale, extrapolation, magnitude, beta_fast, beta_slow;
    std::int64_t pairs;

    explicit Params(const Node& node)
        : mode(node.param_i32(2)),
          dims(node.param_i32(1)),
          original_context(node.param_i32(4)),
          first(node.param_i32(15)),
          sections{node.param_i32(11), node.param_i32(12), node.param_i32(13), node.param_i32(14)},
          base(node.param_f32(5)),
          scale(node.param_f32(6)),
          extrapolation(node.param_f32(7)),
          magnitude(node.param_f32(8)),
          beta_fast(node.param_f32(9)),
          beta_slow(node.param_f32(10)),
          pairs(mode == vision ? dims : dims / 2) {}
};

/// YaRN: how far pair i keeps its frequency, 1 for the fast ones to 0 for the slow ones.
class Ramp {
public:
    explicit Ramp(const Params& p)
        : low_(std::max(0.0F, std::floor(pair_of(p, p.beta_fast)))),
          high_(std::min(static_cast<float>(p.dims - 1), std::ceil(pair_of(p, p.beta_slow)))) {}

    [[nodiscard]] float at(std::int64_t pair) const {
        const float y = (static_cast<float>(pair) - low_) / std::max(0.001F, high_ - low_);
        return 1.0F - std::min(1.0F, std::max(0.0F, y));
    }

private:
    static float pair_of(const Params& p, float turns) {
        return static_cast<float>(p.dims) *
               std::log(static_cast<float>(p.original_context) / (turns * 2.0F * static_cast<float>(M_PI))) /
               (2.0F * std::log(p.base));
    }
    float low_, high_;
};

/// Which of the four positions of a token (time, height, width, extra) turns the pair.
int section_of(const Params& p, std::int64_t pair) {
    if ((p.mode & mrope) == 0) return 0;
    const auto* s = p.sections;
    const auto sector = static_cast<int>(pair % (s[0] + s[1] + s[2] + s[3]));
    if (p.mode == imrope) {
        if (sector % 3 == 1 && sector < 3 * s[1]) return 1;
        if (sector % 3 == 2 && sector < 3 * s[2]) return 2;
        return sector % 3 == 0 && sector < 3 * s[0] ? 0 : 3;
    }
    if (sector < s[0]) return 0;
    if (sector < s[0] + s[1]) return 1;
    return sector < s[0] + s[1] + s[2] ? 2 : 3;
}

/// Whether the frequencies start anew at this pair: in vision models each section has its own run.
bool restarts(const Params& p, std::int64_t pair, int section) {
    if (p.mode != vision) return false;
    const auto* s = p.sections;
    const auto sector = static_cast<int>(pair % (s[0] + s[1] + s[2] + s[3]));
    const int starts[4] = {0, s[0], s[0] + s[1], s[0] + s[1] + s[2]};
    return sector == starts[section];
}

/// Cosines and sines of all tokens: [tokens, pairs] each.
struct Table {
    std::vector<float> cosines, sines;
};

/// Angles before scaling of all tokens for each of the four positions; they go from pair to pair by
/// multiplication, as ggml's do.
class Angles {
public:
    Angles(const Params& p, const TensorView<const std::int32_t>& positions, std::int64_t tokens)
        : factor_(std::pow(p.base, -2.0F / static_cast<float>(p.dims))),
          sections_((p.mode & mrope) != 0 ? 4 : 1),
          tokens_(tokens) {
        for (std::int64_t i = 0; i < tokens * sections_; ++i) {
            start_.push_back(static_cast<float>(positions.data[i * positions.strides[3]]));
        }
        now_ = start_;
    }
    [[nodiscard]] const float* of(int section) const { return now_.data() + section * tokens_; }
    void restart(int section) {
        std::copy_n(start_.data() + section * tokens_, tokens_, now_.data() + section * tokens_);
    }
    void advance() {
        for (float& angle : now_) angle *= factor_;
    }

private:
    float factor_;
    std::int64_t sections_, tokens_;
    std::vector<float> start_, now_;
};

Table make_table(const Params& p, const TensorView<const std::int32_t>& positions,
                 const float* frequency_factors, std::int64_t tokens) {
    Table table;
    table.cosines.resize(static_cast<std::size_t>(tokens * p.pairs));
    table.sines.resize(static_cast<std::size_t>(tokens * p.pairs));
    const bool yarn = p.extrapolation != 0.0F;
    const Ramp ramp(p);
    const float magnitude = yarn ? p.magnitude * (1.0F + 0.1F * std::log(1.0F / p.scale)) : p.magnitude;
    Angles angles(p, positions, tokens);
    for (std::int64_t pair = 0; pair < p.pairs; ++pair) {
        const int section = section_of(p, pair);
        if (restarts(p, pair, section)) angles.restart(section);
        const float divisor = frequency_factors != nullptr ? frequency_factors[pair] : 1.0F;
        const float mix = yarn ? ramp.at(pair) * p.extrapolation : 0.0F;
        const float* angle = angles.of(section);
        float* cosine = table.cosines.data() + pair;
        float* sine = table.sines.data() + pair;
#pragma omp simd
        for (std::int64_t t = 0; t < tokens; ++t) {
            const float far = angle[t] / divisor;
            const float near = p.scale * far;
            const SinCos turn = fast_sincos(yarn ? near * (1.0F - mix) + far * mix : near);
            cosine[t * p.pairs] = turn.cos * magnitude;
            sine[t * p.pairs] = turn.sin * magnitude;
        }
        angles.advance();
    }
    return table;
}

void add_range(float* dx, const float* dy, std::int64_t first, std::int64_t last) {
    add_scaled(dx + first, dy + first, 1.0F, last - first);
}

void turn_back(float* du, float* dv, const float* du_out, const float* dv_out, std::int64_t step,
               const float* cosine, const float* sine, std::int64_t pairs) {
    if (step == 2) {
#pragma omp simd
        for (std::int64_t i = 0; i < pairs; ++i) {
            const float u = du_out[2 * i], v = du_out[2 * i + 1];
            du[2 * i] += u * cosine[i] + v * sine[i];
            du[2 * i + 1] += v * cosine[i] - u * sine[i];
        }
        return;
    }
#pragma omp simd
    for (std::int64_t i = 0; i < pairs; ++i) {
        const float u = du_out[i], v = dv_out[i];
        du[i] += u * cosine[i] + v * sine[i];
        dv[i] += v * cosine[i] - u * sine[i];
    }
}

}  // namespace

SavedValues saved_by_rotary(const Node& node) {
    if (!node.wants(0)) return SavedValues::nothing();
    return node.has(2) ? SavedValues::source(1) | SavedValues::source(2) : SavedValues::source(1);
}

std::string refuses_rotary(const Node& node) {
    const Params p(node);
    if (p.mode != normal && p.mode != neox && p.mode != mrope && p.mode != vision && p.mode != imrope) {
        return "rotary mode " + std::to_string(p.mode);
    }
    if (node.wants(2)) return "frequency factors that are computed from the input";
    return {};
}

void pull_rotary(Pull& pull, Turn turn) {
    if (!pull.wants(0)) return;
    const Params p(pull.node());
    const std::int64_t tokens = pull.dy().shape[1];
    const float* factors = pull.node().has(2) ? pull.x(2).data : nullptr;
    Table table = make_table(p, pull.indices(1), factors, tokens);
    if (turn == Turn::clockwise) {
        for (float& sine : table.sines) sine = -sine;
    }
    const std::int64_t n = pull.dy().columns();
    const std::int64_t step = p.mode == normal ? 2 : 1;
    const std::int64_t second = p.first + (p.mode == normal ? 1 : p.pairs);
    for_each_row(pull, 0, [&](float* dx, const float* dy, std::int64_t, std::int64_t token, std::int64_t) {
        turn_back(dx + p.first, dx + second, dy + p.first, dy + second, step,
                  table.cosines.data() + token * p.pairs, table.sines.data() + token * p.pairs, p.pairs);
        add_range(dx, dy, 0, p.first);
        add_range(dx, dy, p.first + 2 * p.pairs, n);
    });
}

}  // namespace llmx::vjp
