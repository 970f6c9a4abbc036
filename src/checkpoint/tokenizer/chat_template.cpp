// Where a checkpoint keeps its chat template, newest place first.

#include <fmt/format.h>

#include <llmx/error.hpp>

#include "checkpoint/tokenizer/vocabulary.hpp"
#include "core/files.hpp"
#include "text/utf8.hpp"

namespace llmx::checkpoint {
namespace {

void write(const Object& file, const Json& value, engine::Content& content) {
    if (value.is_string()) {
        content.values.emplace_back("tokenizer.chat_template", value.get<std::string>());
        return;
    }
    if (!value.is_array())
        file.fail(fmt::format("chat_template is {}; expected a text or a list", shown(value)));
    for (const Json& entry : value) {  // named ones; "default" is the one that is used
        const Object named(entry.is_object() ? entry : Json::object(), file.name() + ": chat_template");
        const std::string name = named.text({"name"});
        const std::string key =
            name == "default" ? "tokenizer.chat_template" : "tokenizer.chat_template." + name;
        content.values.emplace_back(key, named.text({"template"}));
    }
}

}  // namespace

void write_chat_template(const TokenizerFiles& files, engine::Content& content) {
    if (std::filesystem::exists(files / "chat_template.jinja")) {
        const std::string text = read_file(files / "chat_template.jinja", "chat_template.jinja");
        if (!utf8::is_valid(text) || text.find('\0') != std::string::npos) {
            throw Error(ErrorCode::model, "chat_template.jinja: no UTF-8 text");
        }
        content.values.emplace_back("tokenizer.chat_template", text);
        return;
    }
    if (const Json* value = files.tokenizer_config.find({"chat_template"})) {
        return write(files.tokenizer_config, *value, content);
    }
    const Object file = Object::read_if_there(files / "chat_template.json");
    if (const Json* value = file.find({"chat_template"})) write(file, *value, content);
}

}  // namespace llmx::checkpoint
