// Student's t against tables (two-sided 5 % and 1 % points, rounded to three decimals there).

#include "core/student.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace llmx {
namespace {

TEST(Student, UpperTailOfTabulatedPoints) {
    struct Point {
        int freedom;
        double five, one;  // exceeded with probability 0.025 and 0.005
    };
    for (const auto& [freedom, five, one] : {Point{1, 12.706, 63.657},
                                             {2, 4.303, 9.925},
                                             {3, 3.182, 5.841},
                                             {4, 2.776, 4.604},
                                             {5, 2.571, 4.032},
                                             {9, 2.262, 3.250},
                                             {10, 2.228, 3.169},
                                             {30, 2.042, 2.750}}) {
        EXPECT_NEAR(student_upper_tail(five, freedom), 0.025, 2e-5) << freedom;
        EXPECT_NEAR(student_upper_tail(one, freedom), 0.005, 1e-5) << freedom;
        EXPECT_NEAR(student_upper_tail(-one, freedom), 0.995, 1e-5) << freedom;
        EXPECT_EQ(student_upper_tail(0, freedom), 0.5);
    }
}

}  // namespace
}  // namespace llmx
