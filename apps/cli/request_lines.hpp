#pragma once
// Files of requests in JSON lines: one object a line, with the keys of --request.

#include <string>
#include <vector>

#include <llmx/error.hpp>

#include "input.hpp"

namespace llmx::cli {

struct RequestLine {
    int number = 0;  ///< from 1
    std::string text;
};

/// The lines that are not blank. Throws Error{input} where there is none.
std::vector<RequestLine> read_request_lines(InputReader& reader, const std::string& option,
                                            const std::string& path);

/// The object of a line. Throws Error that names the line.
request::Json object_of(const RequestLine& line);

/// `error`, saying in which line it was met.
Error in_line(const RequestLine& line, const Error& error);

/// Takes the id out of a line's text: a text, a whole number (a table's 5.0 is 5), or null for none.
request::Json take_id(RequestLine& line);

}  // namespace llmx::cli
