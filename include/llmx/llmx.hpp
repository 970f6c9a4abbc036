#pragma once
// LLM Explainer: why a language model wrote what it wrote. Includes all other headers.

#include <llmx/compare.hpp>
#include <llmx/error.hpp>
#include <llmx/explain_request.hpp>
#include <llmx/explainer.hpp>
#include <llmx/model.hpp>
#include <llmx/task.hpp>
#include <llmx/version.hpp>
#include <llmx/view.hpp>
