// CUMSUM, TRI, DIAG, SOLVE_TRI, FILL, PAD, SET: what chunked linear attention is built of.

#include <array>

#include "case.hpp"

namespace llmx::test {

namespace {

void add_cumsum(std::vector<Case>& cases) {
    for (const Shape& shape : usual_shapes()) {
        cases.push_back({"CUMSUM",
                         text(shape),
                         {{shape}},
                         [](ggml_context* c, const auto& x) { return ggml_cumsum(c, x[0]); },
                         [](const Inputs& x) {
                             Array y = x[0];
                             for (std::int64_t r = 0; r < y.rows(); ++r) {
                                 for (std::int64_t k = 1; k < y.columns(); ++k)
                                     y.row(r)[k] += y.row(r)[k - 1];
                             }
                             return y;
                         }});
    }
}

void add_triangles(std::vector<Case>& cases) {
    for (const ggml_tri_type type :
         {GGML_TRI_TYPE_LOWER, GGML_TRI_TYPE_LOWER_DIAG, GGML_TRI_TYPE_UPPER, GGML_TRI_TYPE_UPPER_DIAG}) {
        for (const Shape& shape : {Shape{2, 3, 5, 5}, Shape{1, 1, 1, 1}, Shape{1, 2, 37, 37}}) {
            const auto inside = [type](std::int64_t row, std::int64_t column) {
                switch (type) {
                    case GGML_TRI_TYPE_LOWER:
                        return column < row;
                    case GGML_TRI_TYPE_LOWER_DIAG:
                        return column <= row;
                    case GGML_TRI_TYPE_UPPER:
                        return column > row;
                    default:
                        return column >= row;
                }
            };
            cases.push_back({"TRI",
                             std::to_string(type) + "_" + text(shape),
                             {{shape}},
                             [type](ggml_context* c, const auto& x) { return ggml_tri(c, x[0], type); },
                             [inside](const Inputs& x) {
                                 return make(x[0].shape, [&](auto i0, auto i1, auto i2, auto i3) {
                                     return inside(i2, i3) ? x[0].at(i0, i1, i2, i3) : 0.0;
                                 });
                             }});
        }
    }
}

void add_diagonals(std::vector<Case>& cases) {
    for (const Shape& shape : {Shape{2, 3, 1, 5}, Shape{1, 1, 1, 1}, Shape{1, 2, 1, 19}}) {
        cases.push_back({"DIAG",
                         text(shape),
                         {{shape}},
                         [](ggml_context* c, const auto& x) { return ggml_diag(c, x[0]); },
                         [](const Inputs& x) {
                             const Shape& s = x[0].shape;
                             return make({s[0], s[1], s[3], s[3]}, [&](auto i0, auto i1, auto i2, auto i3) {
                                 return i2 == i3 ? x[0].at(i0, i1, 0, i3) : 0.0;
                             });
                         }});
    }
}

void add_solve(std::vector<Case>& cases) {
    for (const Shape& shape : {Shape{2, 3, 5, 4}, Shape{1, 1, 1, 1}, Shape{1, 2, 7, 1}, Shape{1, 1, 4, 37}}) {
        const Input triangle{.shape = {shape[0], shape[1], shape[2], shape[2]},
                             .adjust = [](Array& a) {  // far from singular
                                 for (std::int64_t r = 0; r < a.rows(); ++r) a.row(r)[r % a.columns()] += 3.0;
                             }};
        cases.push_back(
            {"SOLVE_TRI",
             text(shape),
             {triangle, {shape}},
             [](ggml_context* c, const auto& x) { return ggml_solve_tri(c, x[0], x[1], true, true, false); },
             [](const Inputs& x) {
                 Array y = x[1];
                 const std::int64_t n = y.shape[2];
                 for (std::int64_t r = 0; r < y.rows(); ++r) {
                     const double* l = x[0].row(r);
                     for (std::int64_t c = 0; c < y.columns(); ++c) {
                         for (std::int64_t t = 0; t < r % n; ++t)
                             y.row(r)[c] -= l[t] * y.row(r - r % n + t)[c];
                         y.row(r)[c] /= l[r % n];
                     }
                 }
                 return y;
             }});
    }
}

void add_pad(std::vector<Case>& cases) {
    const std::array<std::array<int, 8>, 4> paddings{{{1, 2, 0, 1, 3, 0, 0, 1},
                                                      {0, 3, 0, 0, 0, 0, 0, 0},
                                                      {0, 0, 2, 0, 0, 0, 1, 0},
                                                      {0, 0, 0, 0, 0, 0, 0, 0}}};
    for (const auto& p : paddings) {
        std::string name;
        for (const int n : p) name += std::to_string(n);
        for (const Shape& shape : {Shape{2, 3, 4, 5}, Shape{1, 1, 1, 1}}) {
            cases.push_back({"PAD",
                             name + "_" + text(shape),
                             {{shape}},
                             [p](ggml_context* c, const auto& x) {
                                 return ggml_pad_ext(c, x[0], p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]);
                             },
                             [p](const Inputs& x) {
                                 const Shape& s = x[0].shape;
                                 Array y({s[0] + p[6] + p[7], s[1] + p[4] + p[5], s[2] + p[2] + p[3],
                                          s[3] + p[0] + p[1]});
                                 return make(y.shape, [&](auto i0, auto i1, auto i2, auto i3) {
                                     const Shape i{i0 - p[6], i1 - p[4], i2 - p[2], i3 - p[0]};
                                     for (std::size_t d = 0; d < 4; ++d) {
                                         if (i[d] < 0 || i[d] >= s[d]) return 0.0;
                                     }
                                     return x[0].at(i[0], i[1], i[2], i[3]);
                                 });
                             }});
        }
    }
}

void add_set(std::vector<Case>& cases) {
    struct Sizes {
        Shape whole, part, at;
    };
    for (const Sizes& n :
         {Sizes{{2, 3, 4, 5}, {2, 3, 2, 3}, {0, 0, 1, 2}}, Sizes{{2, 3, 4, 5}, {1, 2, 4, 5}, {1, 1, 0, 0}},
          Sizes{{1, 1, 1, 40}, {1, 1, 1, 7}, {0, 0, 0, 9}},
          Sizes{{1, 2, 3, 4}, {1, 2, 3, 4}, {0, 0, 0, 0}}}) {
        cases.push_back({"SET",
                         text(n.whole) + "_" + text(n.part),
                         {{n.whole}, {n.part}},
                         [n](ggml_context* c, const auto& x) {
                             const std::size_t* nb = x[0]->nb;
                             std::size_t offset = 0;
                             for (std::size_t d = 0; d < 4; ++d)
                                 offset += static_cast<std::size_t>(n.at[d]) * nb[3 - d];
                             return ggml_set(c, x[0], x[1], nb[1], nb[2], nb[3], offset);
                         },
                         [n](const Inputs& x) {
                             return make(n.whole, [&](auto i0, auto i1, auto i2, auto i3) {
                                 const Shape i{i0 - n.at[0], i1 - n.at[1], i2 - n.at[2], i3 - n.at[3]};
                                 for (std::size_t d = 0; d < 4; ++d) {
                                     if (i[d] < 0 || i[d] >= n.part[d]) return x[0].at(i0, i1, i2, i3);
                                 }
                                 return x[1].at(i[0], i[1], i[2], i[3]);
                             });
                         }});
    }
}

}  // namespace

void add_matrix_cases(std::vector<Case>& cases) {
    add_cumsum(cases);
    add_triangles(cases);
    add_diagonals(cases);
    add_solve(cases);
    add_pad(cases);
    add_set(cases);
    cases.push_back({"FILL",
                     "",
                     {{{1, 1, 3, 8}}},
                     [](ggml_context* c, const auto& x) { return ggml_fill(c, x[0], 2.0F); },
                     nullptr});
}

}  // namespace llmx::test
