#pragma once
// What a message must look like wherever it comes from: one line, the right code, the right words.

#include <gtest/gtest.h>

#include <initializer_list>
#include <llmx/error.hpp>
#include <string>

namespace llmx::test {

/// Runs `action`; fails the test unless it throws Error{code} with one line that has all `words`.
template <class Action>
void expect_error(ErrorCode code, std::initializer_list<std::string> words, const Action& action) {
    try {
        action();
        ADD_FAILURE() << "no error; expected one of code " << static_cast<int>(code);
    } catch (const Error& e) {
        const std::string message = e.what();
        EXPECT_EQ(static_cast<int>(e.code()), static_cast<int>(code)) << message;
        EXPECT_EQ(message.find('\n'), std::string::npos) << message;
        for (const std::string& word : words) {
            EXPECT_NE(message.find(word), std::string::npos) << "\"" << word << "\" is not in: " << message;
        }
    }
}

}  // namespace llmx::test
