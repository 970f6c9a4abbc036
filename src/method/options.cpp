#include "method/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <llmx/error.hpp>

#include "core/suggest.hpp"

namespace llmx::method {

namespace {

template <class Number>
Number parsed(const std::string& text, bool& whole_text) {
    Number value{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    whole_text = error == std::errc() && stop == end;
    return value;
}

void require_value(std::string_view method, const Option& option, const std::string& value) {
    const auto refuse = [&](const std::string& expected) {
        throw Error(ErrorCode::usage, fmt::format("{}: `{}`: got \"{}\"; expected {}", method, option.name,
                                                  shortened(value), expected));
    };
    if (option.kind == Option::Kind::flag && value != "true" && value != "false") refuse("true or false");
    if (option.kind == Option::Kind::choice &&
        std::find(option.words.begin(), option.words.end(), value) == option.words.end()) {
        refuse(fmt::format("one of {}", fmt::join(option.words, ", ")));
    }
    if (option.kind != Option::Kind::integer && option.kind != Option::Kind::number) return;
    if (std::find(option.words.begin(), option.words.end(), value) != option.words.end()) return;
    bool fits = false;
    const bool whole = option.kind == Option::Kind::integer;
    const double number =
        whole ? static_cast<double>(parsed<long long>(value, fits)) : parsed<double>(value, fits);
    if (fits && std::isfinite(number) && number >= option.low && number <= option.high) return;
    refuse(fmt::format("{} from {} to {}{}{}", whole ? "a whole number" : "a number", option.low, option.high,
                       option.words.empty() ? "" : ", or ", fmt::join(option.words, ", ")));
}

}  // namespace

Options::Options(std::string_view method, const std::vector<Option>& declared,
                 const std::map<std::string, std::string>& given) {
    std::vector<std::string> known;
    for (const Option& option : declared) {
        known.emplace_back(option.name);
        values_[known.back()] = option.default_value;
        given_[known.back()] = false;
    }
    for (const auto& [name, value] : given) {
        const auto named = [&wanted = name](const Option& o) { return o.name == wanted; };
        const auto option = std::find_if(declared.begin(), declared.end(), named);
        if (option == declared.end()) {
            if (known.empty())
                throw Error(ErrorCode::usage,
                            fmt::format("{}: unknown option \"{}\"; it has none", method, name));
            throw_unknown(fmt::format("option of {}", method), name, known);
        }
        require_value(method, *option, value);
        values_[name] = value;
        given_[name] = true;
    }
}

const std::string& Options::at(std::string_view name) const {
    const auto found = values_.find(std::string(name));
    if (found == values_.end())
        throw Error(ErrorCode::internal, fmt::format("method: it reads option {}, not declared", name));
    return found->second;
}

Options Options::shown_with(std::string_view name, const std::string& text) const {
    Options shown = *this;
    shown.values_[std::string(name)] = text;
    shown.given_[std::string(name)] = true;
    return shown;
}

int Options::integer(std::string_view name) const { return std::stoi(at(name)); }
double Options::number(std::string_view name) const { return std::stod(at(name)); }
const std::string& Options::choice(std::string_view name) const { return at(name); }
bool Options::flag(std::string_view name) const { return at(name) == "true"; }
bool Options::given(std::string_view name) const {
    return static_cast<void>(at(name)), given_.at(std::string(name));
}

}  // namespace llmx::method
