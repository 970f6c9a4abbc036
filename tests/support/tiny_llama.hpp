#pragma once
// A llama (or qwen2) in plain double precision, from its float32 GGUF file: RMSNorm, rotary embedding,
// grouped queries, SwiGLU. One block at a time, so that a test can change what goes into one.

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "support/golden_file.hpp"
#include "support/layered_attention.hpp"

namespace llmx::test {

class TinyLlama {
public:
    explicit TinyLlama(const std::string& path, const std::string& architecture = "llama")
        : file_(path),
          blocks(number(architecture + ".block_count")),
          heads(number(architecture + ".attention.head_count")),
          groups(number(architecture + ".attention.head_count_kv")),
          width(number(architecture + ".embedding_length")),
          size(width / heads),
          base_(file_.number(architecture + ".rope.freq_base")),
          epsilon_(file_.number(architecture + ".attention.layer_norm_rms_epsilon")),
          halves_(architecture == "qwen2") {}

    /// The embeddings of some tokens, [tokens, width].
    [[nodiscard]] Matrix embed(const std::vector<std::int32_t>& ids) const {
        const auto table = file_.floats("token_embd.weight");
        Matrix rows;
        for (const std::int32_t id : ids)
            rows.emplace_back(
                table.begin() + static_cast<std::ptrdiff_t>(id) * static_cast<std::ptrdiff_t>(width),
                table.begin() + (static_cast<std::ptrdiff_t>(id) + 1) * static_cast<std::ptrdiff_t>(width));
        return rows;
    }

    struct Seen {
        std::vector<Matrix> attention;  ///< [heads] of [rows, rows]
        Matrix values;                  ///< [rows, groups * size]
    };
    /// Added to one weight after the softmax.
    struct Nudge {
        std::size_t head, query, key;
        double by;
    };
    /// The residual stream after block `b` from that before it; `zeroed`: the row whose value is zero.
    [[nodiscard]] Matrix block(std::size_t b, const Matrix& before, std::optional<std::size_t> zeroed = {},
                               Seen* seen = nullptr, const Nudge* nudge = nullptr) const {
        const std::string name = "blk." + std::to_string(b) + ".";
        const Matrix x = normed(before, name + "attn_norm.weight");
        Matrix q = linear(x, name + "attn_q");
        Matrix k = linear(x, name + "attn_k");
        Matrix v = linear(x, name + "attn_v");
        rotate(q);
        rotate(k);
        if (seen != nullptr) *seen = {{}, v};
        if (zeroed) std::fill(v[*zeroed].begin(), v[*zeroed].end(), 0.0);
        Matrix mixed(x.size(), std::vector<double>(heads * size, 0.0));
        for (std::size_t h = 0; h < heads; ++h) {
            const std::size_t g = h * groups / heads;
            Matrix a = attention(q, k, h, g);
            if (nudge != nullptr && nudge->head == h) a[nudge->query][nudge->key] += nudge->by;
            for (std::size_t i = 0; i < x.size(); ++i)
                for (std::size_t j = 0; j <= i; ++j)
                    for (std::size_t d = 0; d < size; ++d)
                        mixed[i][h * size + d] += a[i][j] * v[j][g * size + d];
            if (seen != nullptr) seen->attention.push_back(a);
        }
        Matrix after = added(before, linear(mixed, name + "attn_output"));
        const Matrix y = normed(after, name + "ffn_norm.weight");
        Matrix gate = linear(y, name + "ffn_gate");
        const Matrix up = linear(y, name + "ffn_up");
        for (std::size_t i = 0; i < gate.size(); ++i)
            for (std::size_t d = 0; d < gate[i].size(); ++d)
                gate[i][d] = gate[i][d] / (1 + std::exp(-gate[i][d])) * up[i][d];
        return added(after, linear(gate, name + "ffn_down"));
    }

    /// Row h of the output projection's columns: what a head's value becomes in the residual stream.
    [[nodiscard]] std::vector<double> projected(std::size_t b, std::size_t head, const double* value) const {
        const auto w = file_.floats("blk." + std::to_string(b) + ".attn_output.weight");
        std::vector<double> y(width, 0.0);
        for (std::size_t o = 0; o < width; ++o)
            for (std::size_t d = 0; d < size; ++d) y[o] += w[o * heads * size + head * size + d] * value[d];
        return y;
    }

    /// What final norm and output head make of a residual stream, [rows, vocabulary].
    [[nodiscard]] Matrix logits(const Matrix& state) const {
        return linear(normed(state, "output_norm.weight"),
                      file_.has("output.weight") ? "output" : "token_embd");
    }

private:
    GoldenFile file_;

    [[nodiscard]] std::size_t number(const std::string& key) const {
        return static_cast<std::size_t>(file_.number(key));
    }

    [[nodiscard]] Matrix normed(const Matrix& x, const std::string& weight) const {
        const auto w = file_.floats(weight);
        Matrix y = x;
        for (auto& row : y) {
            double squares = 0;
            for (const double e : row) squares += e * e;
            const double scale = 1 / std::sqrt(squares / static_cast<double>(row.size()) + epsilon_);
            for (std::size_t d = 0; d < row.size(); ++d) row[d] *= scale * w[d];
        }
        return y;
    }

    [[nodiscard]] Matrix linear(const Matrix& x, const std::string& name) const {
        const auto w = file_.floats(name + ".weight");
        const std::size_t in = x[0].size();
        const auto bias =
            file_.has(name + ".bias") ? file_.floats(name + ".bias") : std::vector<float>(w.size() / in);
        Matrix y(x.size(), std::vector<double>(bias.begin(), bias.end()));
        for (std::size_t i = 0; i < x.size(); ++i)
            for (std::size_t o = 0; o < bias.size(); ++o)
                for (std::size_t d = 0; d < in; ++d) y[i][o] += x[i][d] * w[o * in + d];
        return y;
    }

    /// llama turns neighbours, qwen2 an element of one half with that of the other.
    void rotate(Matrix& x) const {
        for (std::size_t i = 0; i < x.size(); ++i) {
            for (std::size_t start = 0; start < x[i].size(); start += size) {
                for (std::size_t d = 0; d < size / 2; ++d) {
                    const double angle =
                        static_cast<double>(i) *
                        std::pow(base_, -2.0 * static_cast<double>(d) / static_cast<double>(size));
                    double& a = x[i][start + (halves_ ? d : 2 * d)];
                    double& b = x[i][start + (halves_ ? d + size / 2 : 2 * d + 1)];
                    const double turned = a * std::cos(angle) - b * std::sin(angle);
                    b = a * std::sin(angle) + b * std::cos(angle);
                    a = turned;
                }
            }
        }
    }

    [[nodiscard]] Matrix attention(const Matrix& q, const Matrix& k, std::size_t h, std::size_t g) const {
        Matrix a(q.size(), std::vector<double>(q.size(), 0.0));
        for (std::size_t i = 0; i < q.size(); ++i) {
            double sum = 0;
            for (std::size_t j = 0; j <= i; ++j) {
                double dot = 0;
                for (std::size_t d = 0; d < size; ++d) dot += q[i][h * size + d] * k[j][g * size + d];
                sum += a[i][j] = std::exp(dot / std::sqrt(static_cast<double>(size)));
            }
            for (double& w : a[i]) w /= sum;
        }
        return a;
    }

    [[nodiscard]] static Matrix added(Matrix a, const Matrix& b) {
        for (std::size_t i = 0; i < a.size(); ++i)
            for (std::size_t d = 0; d < a[i].size(); ++d) a[i][d] += b[i][d];
        return a;
    }

public:
    const std::size_t blocks, heads, groups, width, size;

private:
    double base_, epsilon_;
    bool halves_;
};

}  // namespace llmx::test
