#pragma once
// Bounds that follow from measurements: a check states the error that was measured when it was written, and
// fails beyond three times that. What was measured is the largest of several runs: one thread and two,
// kernels of a processor with AVX2 and of any x86-64. Equal numbers that rounding may tell apart elsewhere
// count as one rounding of a float, 6e-8 of the value.
//
// With LLMX_MEASURED=FILE in the environment every check appends what it measures now to FILE;
// tests/support/measured.py compares that with what the tests state.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <utility>

namespace llmx::test {

inline constexpr double margin = 3;

/// ggml reads GELU from a table of float16. Where another order of sums changes a last bit, another entry may
/// be read: the most that this was seen to change results by (relative L2, tiny models).
inline constexpr double other_table_entry = 1.9e-4;

/// The largest error of each check of this process, written at its end.
class MeasuredLog {
public:
    static MeasuredLog& get() {
        static MeasuredLog log;
        return log;
    }
    MeasuredLog(const MeasuredLog&) = delete;
    MeasuredLog& operator=(const MeasuredLog&) = delete;
    ~MeasuredLog() {
        if (file_.empty()) return;
        std::ofstream out(file_, std::ios::app);
        for (const auto& [check, error] : largest_)
            out << check.first << '\t' << error << '\t' << check.second << '\n';
    }
    void add(const char* file, int line, double error, double measured) {
        if (file_.empty()) return;
        const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
        std::string check = file + (':' + std::to_string(line)) + '\t';
        if (test != nullptr) check += std::string(test->test_suite_name()) + '.' + test->name();
        double& largest = largest_.try_emplace({check, measured}, error).first->second;
        if (!(error <= largest)) largest = error;
    }

private:
    MeasuredLog() {
        if (const char* file = std::getenv("LLMX_MEASURED")) file_ = file;
    }
    std::string file_;
    std::map<std::pair<std::string, double>, double> largest_;  // by place, test and stated error
};

inline testing::AssertionResult within_measured(const char* error_text, const char*, double error,
                                                double measured, const char* file = __builtin_FILE(),
                                                int line = __builtin_LINE()) {
    MeasuredLog::get().add(file, line, error, measured);
    if (error <= margin * measured) return testing::AssertionSuccess();  // not so for NaN
    return testing::AssertionFailure()
           << error_text << " is " << error << ", " << error / measured << " times the " << measured
           << " that was measured; expected at most " << margin << " times";
}

inline testing::AssertionResult close_as_measured(const char* value_text, const char* truth_text,
                                                  const char* measured_text, double value, double truth,
                                                  double measured, const char* file = __builtin_FILE(),
                                                  int line = __builtin_LINE()) {
    const std::string difference = std::string(value_text) + " - " + truth_text;
    return within_measured(difference.c_str(), measured_text, std::abs(value - truth), measured, file, line)
           << " (" << value << " and " << truth << ')';
}

}  // namespace llmx::test

/// `error` is at most three times `measured`.
#define EXPECT_MEASURED(error, measured) EXPECT_PRED_FORMAT2(::llmx::test::within_measured, error, measured)
#define ASSERT_MEASURED(error, measured) ASSERT_PRED_FORMAT2(::llmx::test::within_measured, error, measured)
/// `value` and `truth` differ by at most three times `measured`.
#define EXPECT_CLOSE(value, truth, measured) \
    EXPECT_PRED_FORMAT3(::llmx::test::close_as_measured, value, truth, measured)
#define ASSERT_CLOSE(value, truth, measured) \
    ASSERT_PRED_FORMAT3(::llmx::test::close_as_measured, value, truth, measured)
