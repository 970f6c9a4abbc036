#pragma once

#include <llmx/view.hpp>
#include <string>

namespace llmx::python {

/// A result: made here, or read from a file.
struct ResultData {
    view::StoredResult stored = {};
    bool has_raw = true;  ///< not where it was read from a file without them

    /// As `llmx explain --json` writes it. Throws Error{usage} for raw numbers that are not there.
    [[nodiscard]] std::string json(bool raw) const;
};

}  // namespace llmx::python
