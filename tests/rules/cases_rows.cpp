// RMS_NORM, NORM, L2_NORM, SUM_ROWS, MEAN, GET_ROWS, SET_ROWS, ADD_ID, TOP_K, ARGSORT.

#include <cmath>

#include "case.hpp"

namespace llmx::test {

namespace {

/// An operation that turns each row of n into a row of n.
void add_row_function(std::vector<Case>& cases, const std::string& op, const std::string& name, Input input,
                      ggml_tensor* (*build)(ggml_context*, ggml_tensor*),
                      void (*f)(double* row, std::int64_t n)) {
    for (const Shape& shape : usual_shapes()) {
        input.shape = shape;
        // a lone element is its own mean and length: nothing but rounding is left of it
        if (op != "RMS_NORM" && shape[3] == 1) continue;
        cases.push_back({op,
                         name + text(shape),
                         {input},
                         [build](ggml_context* context, const auto& x) { return build(context, x[0]); },
                         [f](const Inputs& x) {
                             Array y = x[0];
                             for (std::int64_t r = 0; r < y.rows(); ++r) f(y.row(r), y.columns());
                             return y;
                         }});
    }
}

double squares(const double* row, std::int64_t n) {
    double sum = 0;
    for (std::int64_t k = 0; k < n; ++k) sum += row[k] * row[k];
    return sum;
}

void scale_row(double* row, std::int64_t n, double s) {
    for (std::int64_t k = 0; k < n; ++k) row[k] *= s;
}

constexpr float norm_eps = 1e-2F;  // large enough to be seen
constexpr float large_eps =
    40.0F;  // above every row's length, not by so much that the other branch looks alike

void normalise(double* row, std::int64_t n) {
    double mean = 0;
    for (std::int64_t k = 0; k < n; ++k) mean += row[k] / static_cast<double>(n);
    for (std::int64_t k = 0; k < n; ++k) row[k] -= mean;
    scale_row(row, n,
              1 / std::sqrt(squares(row, n) / static_cast<double>(n) + static_cast<double>(norm_eps)));
}

void add_norms(std::vector<Case>& cases) {
    const Input input{{}};
    const Input lifted{.shape = {}, .low = 2, .high = 4};  // mean far from zero
    const Input permuted{.shape = {}, .layout = Layout::heads};
    const auto rms = [](double* row, std::int64_t n) {
        scale_row(row, n,
                  1 / std::sqrt(squares(row, n) / static_cast<double>(n) + static_cast<double>(norm_eps)));
    };
    const auto build_rms = [](ggml_context* c, ggml_tensor* x) { return ggml_rms_norm(c, x, norm_eps); };
    add_row_function(cases, "RMS_NORM", "", input, build_rms, rms);
    add_row_function(cases, "RMS_NORM", "permuted_", permuted, build_rms, rms);
    const auto build_norm = [](ggml_context* c, ggml_tensor* x) { return ggml_norm(c, x, norm_eps); };
    add_row_function(cases, "NORM", "", input, build_norm, normalise);
    add_row_function(cases, "NORM", "lifted_", lifted, build_norm, normalise);
    add_row_function(
        cases, "L2_NORM", "", {.shape = {}, .low = 0.5, .high = 1.5},
        [](ggml_context* c, ggml_tensor* x) { return ggml_l2_norm(c, x, norm_eps); },
        [](double* row, std::int64_t n) { scale_row(row, n, 1 / std::sqrt(squares(row, n))); });
    add_row_function(
        cases, "L2_NORM", "short_", input,
        [](ggml_context* c, ggml_tensor* x) { return ggml_l2_norm(c, x, large_eps); },
        [](double* row, std::int64_t n) { scale_row(row, n, 1 / static_cast<double>(large_eps)); });
}

void add_sums(std::vector<Case>& cases) {
    for (const bool mean : {false, true}) {
        for (const Shape& shape : usual_shapes()) {
            cases.push_back({mean ? "MEAN" : "SUM_ROWS",
                             text(shape),
                             {{.shape = shape, .low = 0.5, .high = 1.5}},
                             [mean](ggml_context* context, const auto& x) {
                                 return mean ? ggml_mean(context, x[0]) : ggml_sum_rows(context, x[0]);
                             },
                             [mean](const Inputs& x) {
                                 const Shape& s = x[0].shape;
                                 return make({s[0], s[1], s[2], 1}, [&](auto i0, auto i1, auto i2, auto) {
                                     double sum = 0;
                                     for (std::int64_t k = 0; k < s[3]; ++k) sum += x[0].at(i0, i1, i2, k);
                                     return mean ? sum / static_cast<double>(s[3]) : sum;
                                 });
                             }});
        }
    }
}

Input ids(const Shape& shape, std::int64_t count, bool distinct, ggml_type type = GGML_TYPE_I32) {
    return {.shape = shape,
            .wanted = false,
            .type = type,
            .low = 0,
            .high = static_cast<double>(count),
            .distinct = distinct};
}

void add_get_rows(std::vector<Case>& cases) {
    struct Sizes {
        Shape x, ids;
    };
    for (const Sizes& s : {Sizes{{1, 1, 6, 5}, {1, 1, 1, 9}}, Sizes{{2, 3, 4, 5}, {1, 2, 3, 6}},
                           Sizes{{1, 1, 1, 7}, {1, 1, 1, 1}}, Sizes{{1, 5, 8, 1}, {1, 1, 5, 2}}}) {
        cases.push_back(
            {"GET_ROWS",
             text(s.x) + "_" + text(s.ids),
             {{s.x}, ids(s.ids, s.x[2], false)},
             [](ggml_context* context, const auto& x) { return ggml_get_rows(context, x[0], x[1]); },
             [](const Inputs& x) {
                 const Shape shape{x[1].shape[1], x[1].shape[2], x[1].shape[3], x[0].shape[3]};
                 return make(shape, [&](auto i0, auto i1, auto i2, auto i3) {
                     return x[0].at(i0, i1, x[1].id(0, i0, i1, i2), i3);
                 });
             }});
    }
}

void add_set_rows(std::vector<Case>& cases) {
    struct Sizes {
        Shape window, x, ids;
    };
    // the third is a transposed V cache: rows of one element
    for (const Sizes& s :
         {Sizes{{1, 1, 8, 5}, {1, 1, 3, 5}, {1, 1, 1, 3}}, Sizes{{2, 4, 6, 3}, {2, 4, 2, 3}, {1, 2, 2, 2}},
          Sizes{{1, 1, 40, 1}, {1, 1, 12, 1}, {1, 1, 1, 12}}}) {
        for (const ggml_type type : {GGML_TYPE_I32, GGML_TYPE_I64}) {
            cases.push_back({"SET_ROWS",
                             text(s.x) + "_" + ggml_type_name(type),
                             {{s.window}, {s.x}, ids(s.ids, s.window[2], true, type)},
                             [](ggml_context* context, const auto& x) {
                                 return ggml_set_rows(context, x[0], x[1], x[2]);
                             },
                             [](const Inputs& x) {
                                 Array y = x[0];
                                 const Shape& n = x[1].shape;
                                 const Shape& m = x[2].shape;
                                 for (std::int64_t r = 0; r < n[0] * n[1] * n[2]; ++r) {
                                     const std::int64_t i0 = r / (n[1] * n[2]);
                                     const std::int64_t i1 = r / n[2] % n[1];
                                     const std::int64_t to = x[2].id(0, i0 % m[1], i1 % m[2], r % n[2]);
                                     std::copy_n(x[1].row(r), n[3],
                                                 y.row((i0 * n[1] + i1) * y.shape[2] + to));
                                 }
                                 return y;
                             }});
        }
    }
}

void add_add_id(std::vector<Case>& cases) {
    for (const Shape& shape : {Shape{1, 4, 3, 5}, Shape{1, 1, 1, 1}, Shape{1, 7, 2, 33}}) {
        cases.push_back(
            {"ADD_ID",
             text(shape),
             {{shape}, {{1, 1, 6, shape[3]}}, ids({1, 1, shape[1], shape[2]}, 6, true)},
             [](ggml_context* context, const auto& x) { return ggml_add_id(context, x[0], x[1], x[2]); },
             [](const Inputs& x) {
                 return make(x[0].shape, [&](auto i0, auto i1, auto i2, auto i3) {
                     return x[0].at(i0, i1, i2, i3) + x[1].at(0, 0, x[2].id(0, 0, i1, i2), i3);
                 });
             }});
    }
}

}  // namespace

void add_row_cases(std::vector<Case>& cases) {
    add_norms(cases);
    add_sums(cases);
    add_get_rows(cases);
    add_set_rows(cases);
    add_add_id(cases);
    cases.push_back({"TOP_K",
                     "",
                     {{{1, 1, 3, 8}}},
                     [](ggml_context* context, const auto& x) { return ggml_top_k(context, x[0], 2); },
                     nullptr});
    cases.push_back({"ARGSORT",
                     "",
                     {{{1, 1, 3, 8}}},
                     [](ggml_context* context, const auto& x) {
                         return ggml_argsort(context, x[0], GGML_SORT_ORDER_DESC);
                     },
                     nullptr});
}

}  // namespace llmx::test
