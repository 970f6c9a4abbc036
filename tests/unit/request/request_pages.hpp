#pragma once
// Files of the repository that are made from a request's rows.

#include <string>
#include <vector>

#include "request/field.hpp"

namespace llmx::test {

/// docs/options.md: a table for each group of keys.
std::string options_page(const request::Fields& fields);

/// python/explainer/_request.pyi: the keys of `Model.explain` and of `explainer.load` as TypedDicts.
std::string typed_dict(const request::Fields& fields);

}  // namespace llmx::test
