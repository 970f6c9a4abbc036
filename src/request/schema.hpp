#pragma once

#include "request/field.hpp"

namespace llmx::request {

/// The keys of a request as the properties of a JSON schema.
Json schema_properties();

/// What a value of this field may be, in JSON schema.
Json schema_of(const Field& field);

}  // namespace llmx::request
