#pragma once
// Short texts computed like long ones.

#include "attention/strips.hpp"

namespace llmx::test {

/// While it lives, attention is computed strip by strip however few keys there are.
class ShortTexts {
public:
    ShortTexts() : before_(attention::fewest_keys.exchange(1)) {}
    ~ShortTexts() { attention::fewest_keys = before_; }
    ShortTexts(const ShortTexts&) = delete;
    ShortTexts& operator=(const ShortTexts&) = delete;

private:
    std::int64_t before_;
};

}  // namespace llmx::test
