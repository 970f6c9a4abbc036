#include <gtest/gtest.h>

#include "threads/fake_worker.hpp"

int main(int count, char** arguments) {
    if (count > 1 && arguments[1] == llmx::test::fake_worker_argument) return llmx::test::run_fake_worker();
    testing::InitGoogleTest(&count, arguments);
    return RUN_ALL_TESTS();
}
