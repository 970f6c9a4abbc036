#pragma once
// Methods that explain an answer, and their options. Formulas: docs/definitions.md.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <llmx/export.hpp>

namespace llmx {

/// A method and its options: {"integrated_gradients", {{"steps", "20"}}}. "attention" and "gradient" are the
/// original toolbox's methods (Explanation::original); every other method produces an
/// Attribution.
struct Method {
    std::string name;
    std::map<std::string, std::string> options = {};

    // NOLINTBEGIN(google-explicit-constructor): {"saliency", "lime"} is a list of methods
    Method(const char* n) : name(n) {}
    Method(std::string n, std::map<std::string, std::string> o = {})
        : name(std::move(n)), options(std::move(o)) {}
    // NOLINTEND(google-explicit-constructor)
};

/// An option of a method; values are text, as in "--steps 20".
struct MethodOption {
    std::string name, kind;  ///< kind: "whole", "number", "word", "flag"
    std::string default_value, help;
    std::vector<std::string> words;  ///< allowed values of a word; words that a number option also accepts
    double low = 0, high = 0;        ///< of a number: from ... to, both included
    bool several = false;            ///< takes "A+B": the scores are the mean of those with A and with B
};

/// A method's name, family and options.
struct MethodFacts {
    std::string name, help;
    std::string source;  ///< the paper, or where the formula is
    std::string family;  ///< "original", "gradient", "attention", "perturbation"
    bool is_signed = false;
    std::vector<MethodOption> options;
    bool slow = false;  ///< takes minutes where others take seconds, so that "all" leaves it out
};
/// All methods, in the order in which help lists them.
LLMX_API std::vector<MethodFacts> known_methods();

}  // namespace llmx
