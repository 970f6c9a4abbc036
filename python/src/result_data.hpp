#pragma once

#include <llmx/view.hpp>
#include <optional>
#include <string>

namespace llmx::python {

/// A result: made here, or read from a file.
struct ResultData {
    Explanation explanation = {};
    std::optional<Model> model = {};              ///< of one made here
    std::string command_json = {};                ///< the request that was carried out
    std::string stored_json = {};                 ///< of one read from a file
    std::string model_name = {}, model_sha = {};  ///< file name, first 16 hex digits of its SHA-256

    /// As `llmx explain --json` writes it; of one read from a file, what stood there.
    [[nodiscard]] std::string json(bool raw) const;
    [[nodiscard]] view::StoredResult stored() const;
};

}  // namespace llmx::python
