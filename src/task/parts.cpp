#include "task/parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <llmx/error.hpp>
#include <map>
#include <optional>

#include "engine/text/spelling.hpp"
#include "text/utf8.hpp"

namespace llmx::task {

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

Part trimmed(std::string_view text, Part part) {
    while (part.first < part.last && is_space(text[part.first])) ++part.first;
    while (part.last > part.first && is_space(text[part.last - 1])) --part.last;
    return part;
}

/// A marker character for each part, from a private-use plane that the texts do not use, so that its first
/// byte is unique.
class Marks {
public:
    explicit Marks(const std::string& rendered) {
        for (const char first : {'\xF3', '\xF4'}) {
            if (rendered.find(first) == std::string::npos) first_ = first;
        }
    }
    [[nodiscard]] bool available() const { return first_ != 0; }
    [[nodiscard]] std::string mark(std::size_t part) const {
        const auto six_bits = [](std::size_t bits) { return static_cast<char>(0x80U | (bits & 0x3FU)); };
        const std::size_t plane = first_ == '\xF3' ? 0x30 : 0;  // U+F0000, U+100000
        return {first_, six_bits(plane + (part >> 12U)), six_bits(part >> 6U), six_bits(part)};
    }
    [[nodiscard]] bool begins_mark(char byte) const { return byte == first_; }
    static constexpr std::size_t length = 4, most = 0xFFFE;

private:
    char first_ = 0;
};

/// One of the parts of the messages.
struct Source {
    std::size_t message = 0;
    Part part;
};

/// Renders the messages with marks around these parts and finds the parts there, each as often as its content
/// occurs, provided that the marks change nothing else. A part whose marks are lost or separated is not
/// found.
std::optional<std::vector<Part>> placed(const Model& model, const std::vector<PartedMessage>& messages,
                                        const std::vector<Source>& sources, const std::string& expected,
                                        const Marks& marks) {
    std::vector<Message> marked;
    marked.reserve(messages.size());
    for (const PartedMessage& message : messages) marked.push_back({message.role, message.content.text});
    for (std::size_t i = sources.size(); i-- > 0;) {  // from the back, so that earlier positions stay valid
        std::string& content = marked[sources[i].message].content;
        content.insert(sources[i].part.last, marks.mark(i));
        content.insert(sources[i].part.first, marks.mark(i));
    }
    std::string text;
    std::map<std::string, std::vector<std::size_t>> places;
    std::string with_marks;
    try {
        with_marks = model.render_chat(marked);
    } catch (const Error&) {  // a template that rejects the marks
        return std::nullopt;
    }
    for (std::size_t at = 0; at < with_marks.size();) {
        if (marks.begins_mark(with_marks[at])) {
            places[with_marks.substr(at, Marks::length)].push_back(text.size());
            at += Marks::length;
        } else {
            text += with_marks[at++];
        }
    }
    if (text != expected) return std::nullopt;
    std::vector<Part> parts;
    for (std::size_t i = 0; i < sources.size(); ++i) {
        const std::vector<std::size_t>& at = places[marks.mark(i)];
        if (at.empty() || at.size() % 2 != 0) return std::nullopt;
        for (std::size_t k = 0; k < at.size(); k += 2)
            parts.push_back({at[k], at[k + 1], sources[i].part.role, sources[i].part.title});
    }
    return parts;
}

/// The beginning of a text, for messages of one line.
std::string shown(const std::string& text) {
    constexpr std::size_t longest = 40;  // bytes
    std::string begin = utf8::replace_invalid(text.substr(0, longest));
    std::replace_if(begin.begin(), begin.end(), is_space, ' ');
    return begin + (text.size() > longest ? "..." : "");
}

/// Follows a text through the bytes of its tokens.
class Speller {
public:
    explicit Speller(std::string_view text) : text_(text) {}

    /// Follows a token's bytes, except for spaces that the tokenizer adds or drops; false if they do not
    /// match the text.
    bool take(std::string_view token) {
        const std::size_t before = places_.size();
        for (std::size_t k = 0; k < token.size(); ++k) {
            std::size_t at = places_.size();
            if (at >= text_.size() || text_[at] != token[k]) {
                if (token[k] == ' ') continue;
                while (at < text_.size() && text_[at] != token[k] && is_space(text_[at])) ++at;
                if (at >= text_.size() || text_[at] != token[k]) {
                    places_.resize(before);
                    return false;
                }
                places_.resize(at, {spelled_ + k, spelled_ + k});
            }
            places_.emplace_back(spelled_ + k, spelled_ + k + 1);
        }
        skip(token);
        return true;
    }
    void skip(std::string_view token) { spelled_ += token.size(); }
    bool end() {
        const std::string_view rest = text_.substr(places_.size());
        if (!std::all_of(rest.begin(), rest.end(), is_space)) return false;
        places_.resize(text_.size(), {spelled_, spelled_});
        return true;
    }
    [[nodiscard]] Part moved(const Part& part) const {
        return {places_[part.first].first, places_[part.last - 1].second, part.role, part.title};
    }

private:
    std::string_view text_;
    std::vector<std::pair<std::size_t, std::size_t>> places_;  // of each byte; empty for a dropped byte
    std::size_t spelled_ = 0;                                  // bytes of tokens so far
};

/// The parts, as bytes of the text's concatenated tokens; nothing if these spell another text.
std::optional<std::vector<Part>> spelled(const Model& model, const PartedText& text, const Tokens& ids) {
    const Tokens added = model.tokenize("", true);  // the model's own first and last token of a text
    Speller speller(text.text);
    for (const Token id : ids) {
        const std::string bytes = model.token_bytes(id);
        if (speller.take(bytes)) continue;
        if (std::find(added.begin(), added.end(), id) == added.end()) return std::nullopt;
        speller.skip(bytes);
    }
    if (!speller.end()) return std::nullopt;
    std::vector<Part> parts;
    parts.reserve(text.parts.size());
    for (const Part& part : text.parts) parts.push_back(speller.moved(part));
    return parts;
}

}  // namespace

PartedText& PartedText::add(std::string_view piece, std::string_view role, std::string_view title) {
    if (!role.empty() && !piece.empty())
        parts.push_back({text.size(), text.size() + piece.size(), std::string(role), std::string(title)});
    text += piece;
    return *this;
}

namespace {

/// Finds a part on its own: as it is, trimmed, or its last lines, where a template drops the reasoning before
/// them. Warns if the model does not read all of it.
void place_alone(const std::vector<PartedMessage>& messages, const Source& source,
                 const std::function<std::optional<std::vector<Part>>(const std::vector<Source>&)>& place,
                 PartedText& result) {
    const std::string& content = messages[source.message].content.text;
    const Part core = trimmed(content, source.part);
    auto found = place({source});
    if (core.first == core.last && !found) return;
    if (!found) found = place({{source.message, core}});
    const bool whole = found.has_value();
    constexpr int most_lines = 64;  // each takes a rendering
    Part rest = core;
    for (int line = 0; !found && line < most_lines; ++line) {
        const std::size_t next = content.find('\n', rest.first);
        if (next == std::string::npos || next >= core.last) break;
        rest = trimmed(content, {next, core.last, core.role, core.title});
        if (rest.first < rest.last) found = place({{source.message, rest}});
    }
    if (found) result.parts.insert(result.parts.end(), found->begin(), found->end());
    if (whole) return;
    const std::string name = fmt::format("message {} ({}, \"{}\")", source.message + 1,
                                         messages[source.message].role, shown(content));
    result.warnings.push_back(
        found ? fmt::format("{}: the chat template leaves out its beginning, up to \"{}\"", name,
                            shown(content.substr(rest.first)))
              : fmt::format("{} does not occur in the prompt unchanged: the chat template leaves it out or "
                            "rewrites it (what is left counts as the template's); set another with "
                            "`chat_template`",
                            name));
}

/// Nothing but white space stands between the system's text and the message after it.
void warn_of_folded_system(PartedText& result) {
    for (std::size_t i = 0; i + 1 < result.parts.size(); ++i) {
        const Part& system = result.parts[i];
        const Part& next = result.parts[i + 1];
        if (system.role != "system" || next.role == "system" || next.first < system.last) continue;
        const std::string between = result.text.substr(system.last, next.first - system.last);
        if (!std::all_of(between.begin(), between.end(), is_space)) continue;
        result.warnings.push_back(fmt::format(
            "the chat template has no turn for the system's message: it stands in the turn of role {}",
            next.role));
        return;
    }
}

void warn_of_control_tokens(const Model& model, const std::vector<PartedMessage>& messages,
                            std::vector<std::string>& warnings) {
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const std::string control =
            engine::spelled_control_token(model, messages[i].content.text, /*may_end=*/false);
        if (control.empty()) continue;
        warnings.push_back(
            fmt::format("message {} ({}): \"{}\" in it is read as the control token, not as these characters",
                        i + 1, messages[i].role, control));
    }
}

}  // namespace

PartedText rendered(const Model& model, const std::vector<PartedMessage>& messages) {
    std::vector<Message> plain;
    std::vector<Source> sources;
    std::string all;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        plain.push_back({messages[i].role, messages[i].content.text});
        for (const Part& part : messages[i].content.parts) sources.push_back({i, part});
        all += messages[i].content.text;
    }
    PartedText result{.text = model.render_chat(plain)};
    warn_of_control_tokens(model, messages, result.warnings);
    const Marks marks(all + result.text);
    if (!marks.available() || sources.size() > Marks::most) {
        result.unplaced =
            "the messages cannot be told apart from their template; expected fewer of them, without "
            "characters of both private-use planes";
        return result;
    }
    const auto place = [&](const std::vector<Source>& some) {
        return placed(model, messages, some, result.text, marks);
    };
    if (const auto together = place(sources)) {
        result.parts = *together;
    } else {
        // One by one: a template may trim some, and rewrite others.
        for (const Source& source : sources) place_alone(messages, source, place, result);
        if (result.parts.empty() && !result.warnings.empty()) result.unplaced = result.warnings.front();
    }
    std::sort(result.parts.begin(), result.parts.end(),
              [](const Part& a, const Part& b) { return a.first < b.first; });
    warn_of_folded_system(result);
    return result;
}

void set_prompt(const Model& model, const PartedText& text, bool markup, Request& request) {
    request.input_ids =
        markup ? model.tokenize(text.text, true, true) : model.tokenize_prompt(text.text, false);
    request.units.unplaced = text.unplaced;
    request.units.has_template = markup;
    request.warnings.insert(request.warnings.end(), text.warnings.begin(), text.warnings.end());
    if (text.parts.empty()) return;
    if (auto parts = spelled(model, text, request.input_ids)) {
        request.units.parts = std::move(*parts);
    } else {
        request.units.unplaced =
            "the prompt's tokens do not spell the prompt (the tokenizer rewrites it, or lacks some of its "
            "characters); choose another `unit`";
    }
}

}  // namespace llmx::task
