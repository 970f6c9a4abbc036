#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <limits>
#include <string>
#include <type_traits>

namespace llmx::cli {

/// Refuses what is no number from `low` to `high`, in one line that says what was expected.
template <typename T>
CLI::Validator within(T low, T high) {
    const std::string kind = std::is_integral_v<T> ? "a whole number" : "a number";
    const std::string range = high == std::numeric_limits<T>::max() ? fmt::format("{} or more", low)
                                                                    : fmt::format("{} to {}", low, high);
    const auto check = [=](const std::string& text) -> std::string {
        T value{};
        const bool known = CLI::detail::lexical_cast(text, value);
        if (known && value >= low && value <= high) return {};
        return fmt::format("got \"{}\"; expected {}, {}", text, kind, range);
    };
    return {check, ""};
}

/// Declares an option that takes one number; `target` holds the default.
template <typename T>
CLI::Option* add_number(CLI::App& app, const std::string& name, T& target, const std::string& help,
                        std::type_identity_t<T> low = 0,
                        std::type_identity_t<T> high = std::numeric_limits<T>::max()) {
    return app.add_option(name, target, help)->check(within<T>(low, high))->capture_default_str();
}

}  // namespace llmx::cli
