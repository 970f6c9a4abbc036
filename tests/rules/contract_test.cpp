// Every rule, on every case: ggml's forward is what we think it is, and the rule's gradient is that
// forward's derivative, by central differences in double along all coordinates.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <sstream>

#include "support/measured.hpp"
#include "test_source.hpp"
#include "vjp/pull.hpp"

namespace llmx::test {

namespace {

double length(const std::vector<double>& v) {
    double sum = 0;
    for (const double x : v) sum += x * x;
    return std::sqrt(sum);
}

/// |got - expected|; NaN where any is.
double distance(std::vector<double> got, const std::vector<double>& expected) {
    for (std::size_t k = 0; k < got.size(); ++k) got[k] -= expected[k];
    return length(got);
}

/// Gradients of the output, random but for rows of zeros. `front` and `back`: only that third of all elements
/// is live, also where the output is one long row.
enum class Rows { live, every_third_dead, dead, last_dead, front, back };

Array random_gradient(const Shape& shape, Rows rows) {
    std::mt19937_64 random(7);
    std::uniform_real_distribution<float> pick(-1.0F, 1.0F);
    Array dy(shape);
    for (std::int64_t r = 0; r < dy.rows(); ++r) {
        const bool dead = rows == Rows::dead || (rows == Rows::every_third_dead && r % 3 == 0) ||
                          (rows == Rows::last_dead && r >= dy.rows() / 2);
        for (std::int64_t c = 0; c < dy.columns(); ++c)
            dy.row(r)[c] = dead ? 0.0 : static_cast<double>(pick(random));
    }
    if (rows == Rows::front) std::fill(dy.v.begin() + dy.size() / 3, dy.v.end(), 0.0);
    if (rows == Rows::back) std::fill(dy.v.begin(), dy.v.end() - dy.size() / 3, 0.0);
    return dy;
}

/// The derivative of sum(dy * forward) along every coordinate of one input, for several dy at once.
std::vector<Array> differences(const Case& c, Inputs inputs, int input, const std::vector<Array>& dys) {
    Array& x = inputs[static_cast<std::size_t>(input)];
    std::vector<Array> gradients(dys.size(), Array(x.shape));
    for (std::size_t k = 0; k < x.v.size(); ++k) {
        const double before = x.v[k];
        const double h = 1e-5 * std::max(1.0, std::fabs(before));
        x.v[k] = before + h;
        const Array above = c.forward(inputs);
        x.v[k] = before - h;
        const Array below = c.forward(inputs);
        x.v[k] = before;
        for (std::size_t d = 0; d < dys.size(); ++d) {
            double sum = 0;
            for (std::size_t j = 0; j < above.v.size(); ++j) sum += dys[d].v[j] * (above.v[j] - below.v[j]);
            gradients[d].v[k] = sum / (2 * h);
        }
    }
    return gradients;
}

/// One rule on one case.
class Contract {
public:
    explicit Contract(const Case& c) : case_(c), rule_(vjp::find_rule(c.op)), op_(c, 1, false) {}

    void check() {
        output_ = case_.forward(op_.inputs());
        for (const Rows rows :
             {Rows::live, Rows::every_third_dead, Rows::dead, Rows::last_dead, Rows::front, Rows::back}) {
            dys_.push_back(random_gradient(output_.shape, rows));
        }
        for (int i = 0; i < op_.sources(); ++i) {
            const int input = op_.input_of(i);
            if (input < 0 || !case_.inputs[static_cast<std::size_t>(input)].wanted) continue;
            truths_[i] = differences(case_, op_.inputs(), input, dys_);
        }
        ASSERT_FALSE(truths_.empty());
        for (const std::vector<int>& choice : choices()) {
            for (std::size_t d = 0; d < dys_.size(); ++d) {
                for (const Window window : {Window::dense, Window::gaps, Window::swapped}) {
                    for (const bool fresh : {true, false}) {
                        for (const int threads : {1, 3}) {
                            SCOPED_TRACE(fmt::format("dy {}, window {}, fresh {}, threads {}", d,
                                                     static_cast<int>(window), fresh, threads));
                            check_pull(choice, d, window, fresh, threads);
                            if (testing::Test::HasFatalFailure()) return;
                        }
                    }
                }
            }
        }
    }

private:
    /// The largest error, relative to the gradient.
    [[nodiscard]] double measured() const {
        return case_.op == "RMS_NORM" ? 5.4e-6 : case_.op == "UNARY" ? 3.3e-6 : 8.4e-7;
    }
    /// What adding to a sink that holds something costs in float32.
    static constexpr double rounding = 1.2e-7;

    /// Every set of wanted sources that is not empty.
    [[nodiscard]] std::vector<std::vector<int>> choices() const {
        std::vector<std::vector<int>> sets{{}};
        for (const auto& entry : truths_) {
            for (std::size_t k = sets.size(); k-- > 0;) {
                sets.push_back(sets[k]);
                sets.back().push_back(entry.first);
            }
        }
        sets.erase(sets.begin());
        return sets;
    }

    /// SET_ROWS: the sink of the destination is the window that dy was read from.
    [[nodiscard]] bool is_own_window(int source) const { return rule_->clears_itself && source == 2; }

    void check_pull(const std::vector<int>& wanted_sources, std::size_t d, Window window, bool fresh,
                    int threads) {
        std::uint32_t wanted = 0;
        std::map<int, Array> start;
        for (const int i : wanted_sources) {
            wanted |= 1U << static_cast<unsigned>(i);
            if (is_own_window(i)) {
                start[i] = dys_[d];
            } else if (!fresh) {
                start[i] = make(truths_[i][d].shape, [](auto i0, auto i1, auto i2, auto i3) {
                    return 0.25 * static_cast<double>((i0 + 2 * i1 + 3 * i2 + 5 * i3) % 7) - 0.5;
                });
            }
        }
        const vjp::Node node = op_.node(wanted);
        if (rule_->refuses != nullptr) {
            ASSERT_EQ(rule_->refuses(node), "");
        }
        vjp::Weights weights;
        TestSource source(op_, node, rule_->saved(node), output_, window, start, weights);
        const Windowed gradient(dys_[d], Window::dense);
        vjp::Pull pull(node, gradient.values(), source, threads);
        rule_->pull(pull);
        for (const int i : wanted_sources) {
            SCOPED_TRACE(fmt::format("source {} of wanted {:#x}", i, wanted));
            ASSERT_TRUE(source.asked(i)) << "the rule left out a wanted source";
            std::vector<double> expected = truths_[i][d].v;
            const double size = std::max(length(expected), 1e-4);
            double rounded = 0;
            if (start.contains(i) && !is_own_window(i)) {
                for (std::size_t k = 0; k < expected.size(); ++k) expected[k] += start[i].v[k];
                rounded = rounding * length(expected);
            }
            ASSERT_MEASURED((distance(source.result(i).array().v, expected) - rounded) / size, measured());
            ASSERT_TRUE(source.result(i).gaps_untouched());
        }
    }

    const Case& case_;
    const vjp::Rule* rule_;
    OneOp op_;
    Array output_;
    std::vector<Array> dys_;
    std::map<int, std::vector<Array>> truths_;  // by source; one for each dy
};

std::vector<std::string> registered() {
    std::vector<std::string> names;
    std::istringstream list(vjp::known_rules());
    for (std::string name; std::getline(list, name, ',');)
        names.push_back(name.substr(name.find_first_not_of(' ')));
    return names;
}

std::vector<Case> cases_of(const std::string& op) {
    std::vector<Case> cases = all_cases();
    std::erase_if(cases, [&](const Case& c) { return c.op != op; });
    return cases;
}

/// One test for each row of rules.def.
class RuleContract : public testing::TestWithParam<std::string> {};

TEST_P(RuleContract, HasCases) { EXPECT_FALSE(cases_of(GetParam()).empty()) << "add some in tests/rules"; }

TEST_P(RuleContract, ForwardIsGgmls) {
    for (const Case& c : cases_of(GetParam())) {
        SCOPED_TRACE(c.op + " " + c.name);
        const OneOp op(c, 1);
        ASSERT_EQ(op.graph().tensors.back().op, c.op) << "the case is listed under another operation";
        if (!c.forward || !c.by_ggml) continue;
        const Array ours = c.forward(op.inputs());
        ASSERT_EQ(ours.shape, op.output().shape);
        EXPECT_MEASURED(distance(op.output().v, ours.v) / std::max(length(ours.v), 1e-30), c.forward_error);
    }
}

TEST_P(RuleContract, PullIsTheDerivative) {
    const vjp::Rule* rule = vjp::find_rule(GetParam());
    ASSERT_NE(rule, nullptr);
    ASSERT_EQ(rule->op, GetParam());
    for (const Case& c : cases_of(GetParam())) {
        SCOPED_TRACE(c.op + " " + c.name);
        // only an operation without gradient goes without a forward to hold it against
        ASSERT_EQ(rule->pull == nullptr, c.forward == nullptr);
        if (c.forward) Contract(c).check();
        if (HasFatalFailure()) return;
    }
}

INSTANTIATE_TEST_SUITE_P(Each, RuleContract, testing::ValuesIn(registered()),
                         [](const auto& test) { return test.param; });

std::set<std::string> kinds_of(const std::string& op) {
    std::set<std::string> kinds;
    for (const Case& c : cases_of(op)) kinds.insert(OneOp(c, 1, false).graph().tensors.back().kind);
    return kinds;
}

TEST(Rules, EveryKindThatGgmlHasIsDoneAndHasACase) {
    const std::set<std::string> unary = kinds_of("UNARY");
    for (int k = 0; k < GGML_UNARY_OP_COUNT; ++k) {
        const char* kind = ggml_unary_op_name(static_cast<ggml_unary_op>(k));
        EXPECT_TRUE(unary.contains(kind)) << "no case for UNARY " << kind;
    }
    const std::set<std::string> glu = kinds_of("GLU");
    for (int k = 0; k < GGML_GLU_OP_COUNT; ++k) {
        const char* kind = ggml_glu_op_name(static_cast<ggml_glu_op>(k));
        EXPECT_TRUE(glu.contains(kind)) << "no case for GLU " << kind;
    }
}

/// The first case of an operation with something changed: what does its rule say?
std::string refusal(const std::string& op, const std::function<void(engine::Graph&)>& change,
                    std::uint32_t wanted) {
    for (const Case& c : cases_of(op)) {
        OneOp made(c, 1, false);
        change(made.graph());
        return vjp::find_rule(op)->refuses(made.node(wanted));
    }
    throw std::runtime_error("no case of " + op);
}

TEST(Rules, RefuseByName) {
    const auto as_it_is = [](engine::Graph&) {};
    EXPECT_EQ(refusal(
                  "ROPE", [](engine::Graph& g) { g.tensors.back().params[2] = 4; }, 1),
              "rotary mode 4");
    EXPECT_EQ(refusal(
                  "UNARY", [](engine::Graph& g) { g.tensors.back().kind = "FUTURE"; }, 1),
              "kind FUTURE");
    EXPECT_EQ(refusal(
                  "GLU", [](engine::Graph& g) { g.tensors.back().kind = "FUTURE"; }, 1),
              "kind FUTURE");
    EXPECT_NE(refusal("SOFT_MAX", as_it_is, 3), "");
    EXPECT_NE(refusal("MUL_MAT_ID", as_it_is, 1), "");
    EXPECT_EQ(refusal("MUL_MAT_ID", as_it_is, 2), "");
}

/// Two sources in one window: what each adds must stay.
TEST(Rules, SourcesMayShareAWindow) {
    for (const std::string op : {"ADD", "MUL"}) {
        const Case c{op,
                     "",
                     {{{1, 1, 3, 20}}, {{1, 1, 3, 20}}},
                     [&](ggml_context* context, const auto& x) {
                         return op == "ADD" ? ggml_add(context, x[0], x[1]) : ggml_mul(context, x[0], x[1]);
                     },
                     nullptr};
        const OneOp made(c, 1, false);
        const vjp::Node node = made.node(3);
        vjp::Weights weights;
        const Array& x = made.inputs()[0];
        const Array& y = made.inputs()[1];
        TestSource source(made, node, vjp::find_rule(op)->saved(node), x, Window::dense,
                          {{0, Array(x.shape)}}, weights);
        source.share(1, 0);
        const Windowed dy(make(x.shape, [](auto...) { return 1.0; }), Window::dense);
        vjp::Pull pull(node, dy.values(), source, 1);
        vjp::find_rule(op)->pull(pull);
        for (std::size_t k = 0; k < x.v.size(); ++k) {
            EXPECT_CLOSE(source.result(0).array().v[k], op == "ADD" ? 2.0 : x.v[k] + y.v[k], 1.2e-7);
        }
    }
}

TEST(Rules, UnknownOperationHasNone) {
    EXPECT_EQ(vjp::find_rule("FLASH_ATTN_BACK"), nullptr);
    EXPECT_EQ(vjp::find_rule(""), nullptr);
}

}  // namespace

}  // namespace llmx::test
