#pragma once
// Options of methods: declared once, in the method's file, and from there read by the command line, JSON
// requests and help.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace llmx::method {

/// Between several values of an option.
inline constexpr char joint = '+';

struct Option {
    enum class Kind { integer, number, choice, flag };
    std::string_view name;  ///< snake_case; methods that share a name share the meaning
    Kind kind = Kind::integer;
    std::string_view default_value;  ///< the value when none is given, as a user would write it
    std::string_view help;
    double low = 0;     ///< of a number: from ...
    double high = 1e9;  ///< ... to, both included
    std::vector<std::string_view> words =
        {};                ///< of a choice: what it may be; of a number: what it may be too
    bool several = false;  ///< takes values joined by `joint`: the scores are the mean of those of each
};

/// The values of one method's options.
class Options {
public:
    /// Throws Error{usage} for a name that is not declared and for a value that it does not take.
    Options(std::string_view method, const std::vector<Option>& declared,
            const std::map<std::string, std::string>& given);

    /// Whether the method declares it.
    [[nodiscard]] bool has(std::string_view name) const { return values_.contains(std::string(name)); }
    [[nodiscard]] int integer(std::string_view name) const;
    [[nodiscard]] double number(std::string_view name) const;
    [[nodiscard]] const std::string& choice(std::string_view name) const;
    [[nodiscard]] bool flag(std::string_view name) const;
    /// Was it given, or is it the default_value?
    [[nodiscard]] bool given(std::string_view name) const;
    /// A copy that shows this text as an option's value. For results only: it may not parse.
    [[nodiscard]] Options shown_with(std::string_view name, const std::string& text) const;
    /// Every option with its value.
    [[nodiscard]] const std::map<std::string, std::string>& all() const { return values_; }

private:
    [[nodiscard]] const std::string& at(std::string_view name) const;

    std::map<std::string, std::string> values_;
    std::map<std::string, bool> given_;
};

}  // namespace llmx::method
