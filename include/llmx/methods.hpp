#pragma once
// The methods by which an answer can be explained, and their options. Formulas: docs/definitions.md.

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace llmx {

/// A method by its name and options: {"integrated_gradients", {{"steps", "20"}}}. "attention" and "gradient"
/// are the original toolbox's two (Explanation::attention, ::gradient); every other one gives an Attribution.
struct Method {
    std::string name;
    std::map<std::string, std::string> options = {};

    // NOLINTBEGIN(google-explicit-constructor): {"saliency", "lime"} is a list of methods
    Method(const char* n) : name(n) {}
    Method(std::string n, std::map<std::string, std::string> o = {})
        : name(std::move(n)), options(std::move(o)) {}
    // NOLINTEND(google-explicit-constructor)
};

/// An option of a method, as text: what "--steps 20" gives.
struct MethodOption {
    std::string name, kind;  ///< kind: "whole", "number", "word", "flag"
    std::string fallback, help;
    std::vector<std::string> words;  ///< of a word: what it may be; of a number: what it may be too
};
struct MethodFacts {
    std::string name, help;
    std::string family;  ///< "original", "gradient", "attention", "perturbation"
    bool is_signed = false;
    std::vector<MethodOption> options;
};
/// Every method there is, in the order in which help lists them.
std::vector<MethodFacts> known_methods();

}  // namespace llmx
