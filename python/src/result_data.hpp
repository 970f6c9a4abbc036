#pragma once

#include <llmx/view.hpp>
#include <optional>
#include <string>

namespace llmx::python {

/// A result: made here, or read from a file.
struct ResultData {
    view::StoredResult stored = {};   ///< its model's digest only where it was read from a file
    std::optional<Model> model = {};  ///< of one made here
    std::string json_text = {};       ///< of one read from a file: what stood there

    /// As `llmx explain --json` writes it. Throws Error{usage} for raw numbers of one read from a file.
    [[nodiscard]] std::string json(bool raw) const;
};

}  // namespace llmx::python
