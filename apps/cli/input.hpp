#pragma once
// Files and standard input that options name.

#include <llmx/explain_request.hpp>
#include <optional>
#include <string>
#include <utility>

#include "request/values.hpp"

namespace llmx::cli {

/// A key of the command line alone: files that are documents.
inline constexpr std::string_view document_files = "document";

/// Reads what options point to. Standard input ("-") can be read by one of them only.
class InputReader {
public:
    InputReader() = default;
    /// Standard input is no option's: `taken_by` reads it, or nobody.
    explicit InputReader(std::string taken_by) : standard_input_taken_by_(std::move(taken_by)) {}

    /// The contents of a file or of "-", without one newline at the end. `what` starts the messages. Throws
    /// Error{input} where they are not valid UTF-8.
    std::string file(const std::string& what, const std::string& path);
    /// Replaces what stands for a text in a request: the name of a file in `key_file` by the text in `key`,
    /// and the name of a file that holds ids or messages, and "-", by the text. Throws Error{usage} where a
    /// key and its file are given together, before anything is read.
    void read_texts(request::Json& request, const request::Fields& fields);
    /// The request that an object describes, `checked`.
    ExplainRequest request(request::Json object);

private:
    void read_documents(request::Json& request);
    std::string read(const std::string& what, const std::string& path);
    std::optional<std::string> standard_input_taken_by_;
};

}  // namespace llmx::cli
