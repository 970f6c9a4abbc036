// CPY, CONT, DUP, CONCAT, REPEAT.

#include "case.hpp"

namespace llmx::test {

namespace {

Array reshaped(const Array& x, const Shape& shape) {
    Array y = x;
    y.shape = shape;
    return y;
}

void add_copies(std::vector<Case>& cases) {
    for (const Layout layout : {Layout::dense, Layout::heads, Layout::transposed}) {
        const std::string where = std::to_string(static_cast<int>(layout)) + "_";
        for (const Shape& shape : usual_shapes()) {
            const Input x{.shape = shape, .layout = layout};
            const Shape flat{1, 1, shape[0] * shape[1], shape[2] * shape[3]};
            const auto same = [](const Inputs& in) { return in[0]; };
            const auto flattened = [flat](const Inputs& in) { return reshaped(in[0], flat); };
            cases.push_back({"CONT",
                             where + text(shape),
                             {x},
                             [](ggml_context* c, const auto& t) { return ggml_cont(c, t[0]); },
                             same});
            cases.push_back(
                {"CONT",
                 where + "reshaped_" + text(shape),
                 {x},
                 [flat](ggml_context* c, const auto& t) { return ggml_cont_2d(c, t[0], flat[3], flat[2]); },
                 flattened});
            cases.push_back({"DUP",
                             where + text(shape),
                             {x},
                             [](ggml_context* c, const auto& t) { return ggml_dup(c, t[0]); },
                             same});
            // what the destination held before does not matter: it takes no gradient
            const Input destination{.shape = flat, .wanted = false};
            cases.push_back({"CPY",
                             where + text(shape),
                             {x, destination},
                             [](ggml_context* c, const auto& t) { return ggml_cpy(c, t[0], t[1]); },
                             flattened});
        }
    }
}

void add_concat(std::vector<Case>& cases) {
    for (std::size_t extent = 0; extent < 4; ++extent) {
        for (const Shape& shape : {Shape{2, 3, 4, 5}, Shape{1, 1, 1, 1}}) {
            Shape other = shape;
            other[extent] += 2;
            cases.push_back({"CONCAT",
                             std::to_string(extent) + "_" + text(shape),
                             {{shape}, {other}},
                             [extent](ggml_context* c, const auto& t) {
                                 return ggml_concat(c, t[0], t[1], 3 - static_cast<int>(extent));
                             },
                             [extent](const Inputs& x) {
                                 Shape whole = x[0].shape;
                                 const std::int64_t border = whole[extent];
                                 whole[extent] += x[1].shape[extent];
                                 return make(whole, [&](auto i0, auto i1, auto i2, auto i3) {
                                     Shape i{i0, i1, i2, i3};
                                     if (i[extent] < border) return x[0].at(i0, i1, i2, i3);
                                     i[extent] -= border;
                                     return x[1].at(i[0], i[1], i[2], i[3]);
                                 });
                             }});
        }
    }
}

void add_repeat(std::vector<Case>& cases) {
    struct Sizes {
        Shape x, y;
    };
    for (const Sizes& s : {Sizes{{1, 2, 3, 5}, {2, 4, 3, 10}}, Sizes{{1, 1, 1, 1}, {1, 2, 3, 4}},
                           Sizes{{1, 1, 1, 6}, {1, 1, 9, 6}}, Sizes{{2, 1, 4, 1}, {2, 3, 4, 40}}}) {
        cases.push_back({"REPEAT",
                         text(s.x) + "_to_" + text(s.y),
                         {{s.x}},
                         [y = s.y](ggml_context* c, const auto& t) {
                             return ggml_repeat_4d(c, t[0], y[3], y[2], y[1], y[0]);
                         },
                         [y = s.y](const Inputs& x) {
                             return make(y, [&](auto i0, auto i1, auto i2, auto i3) {
                                 return x[0].repeated(i0, i1, i2, i3);
                             });
                         }});
    }
}

}  // namespace

void add_copy_cases(std::vector<Case>& cases) {
    add_copies(cases);
    add_concat(cases);
    add_repeat(cases);
}

}  // namespace llmx::test
