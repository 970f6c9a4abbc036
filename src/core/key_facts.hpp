#pragma once
// What a row of a request says about its key, besides the name, the value and the help.

#include <limits>
#include <string_view>

namespace llmx {

/// What a change of the value costs: another model has to be loaded, or only another request carried out.
enum class Scope { request, model };

struct KeyFacts {
    // Bounds of a number, both included.
    double low = std::numeric_limits<double>::lowest();
    double high = std::numeric_limits<double>::max();
    Scope scope = Scope::request;
    std::string_view one_of = {};  ///< of the keys that share this word, a request may give one
    bool prompt = false;           ///< a text of the prompt: only tasks that list the key take it
    bool of_task = false;          ///< no prompt, but likewise for tasks that list it
    bool file = false;   ///< the command line also takes `key_file`, the name of a file with the text
    bool empty = false;  ///< an empty text is a value, not a mistake
    std::string_view shown = {};  ///< the value's name in help, where its kind does not say enough: "REGEX"
    std::string_view bare = {};   ///< the value of a flag without one
};

}  // namespace llmx
