#pragma once

/// What the shared library exports; everything else in it is hidden.
#define LLMX_API __attribute__((visibility("default")))
