#pragma once
// Texts, token ids and chats that options give: in place, in a file, or on standard input.

#include <llmx/model.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace llmx::cli {

/// Reads what options point to. Standard input ("-") can be read by one of them only.
class InputReader {
public:
    InputReader() = default;
    /// Standard input is no option's: `taken_by` reads it, or nobody.
    explicit InputReader(std::string taken_by) : standard_input_taken_by_(std::move(taken_by)) {}

    /// Whoever asks may not read this machine's files, nor its standard input: "-" is a text like any other.
    static InputReader of_texts_only() {
        InputReader reader;
        reader.texts_only_ = true;
        return reader;
    }

    /// A text given in place, or "-". Throws Error{input} where it is not valid UTF-8.
    std::string text(const std::string& option, const std::string& value);
    /// The contents of a file or of "-", without one newline at the end.
    std::string file(const std::string& option, const std::string& path);
    /// "1,2,3", "[1, 2, 3]", or a file (or "-") that holds one of these.
    Tokens ids(const std::string& option, const std::string& value);
    /// A JSON array of {"role", "content"}, in place or in a file (or "-").
    std::vector<Message> messages(const std::string& option, const std::string& value);

private:
    std::string read(const std::string& option, const std::string& path);
    bool texts_only_ = false;
    std::optional<std::string> standard_input_taken_by_;
};

}  // namespace llmx::cli
