#include "methods.hpp"

#include <nlohmann/json.hpp>

namespace llmx::serve {

using Json = nlohmann::ordered_json;

Json methods_document(const std::vector<MethodFacts>& methods) {
    Json list = Json::array();
    for (const MethodFacts& method : methods) {
        Json options = Json::array();
        for (const MethodOption& option : method.options) {
            const bool number = option.kind == "whole" || option.kind == "number";
            options.push_back({{"name", option.name},
                               {"kind", option.kind},
                               {"default", option.default_value},
                               {"words", option.words},
                               {"several", option.several},
                               {"help", option.help}});
            if (number) options.back().update({{"minimum", option.low}, {"maximum", option.high}});
        }
        list.push_back({{"name", method.name},
                        {"family", method.family},
                        {"signed", method.is_signed},
                        {"help", method.help},
                        {"source", method.source},
                        {"options", std::move(options)}});
    }
    return {{"methods", std::move(list)}};
}

}  // namespace llmx::serve
