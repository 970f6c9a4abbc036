// Ids of special tokens, and which of them are added around a text.

#include <fmt/format.h>

#include <llmx/error.hpp>

#include "checkpoint/tokenizer/vocabulary.hpp"

namespace llmx::checkpoint {
namespace {

/// A token in tokenizer_config.json and similar files: a string, or an object with `content`.
std::string token_text(const Json* json) {
    if (json == nullptr) return {};
    if (json->is_string()) return json->get<std::string>();
    if (json->is_object() && json->contains("content") && (*json)["content"].is_string()) {
        return (*json)["content"].get<std::string>();
    }
    return {};
}

class SpecialTokens {
public:
    SpecialTokens(const TokenizerFiles& files, const Vocabulary& vocabulary)
        : files_(files), vocabulary_(vocabulary) {}

    /// By the tokenizer's text for it, else by the id in the model's config.
    [[nodiscard]] std::optional<std::uint32_t> id(const std::string& kind) const {
        for (const Object* file : {&files_.tokenizer_config, &files_.special_tokens}) {
            const std::string text = token_text(file->find({kind + "_token"}));
            if (text.empty()) continue;
            if (const auto found = vocabulary_.find(text)) return found;
        }
        for (const Object* file : {&files_.config, &files_.generation}) {
            const std::vector<std::uint32_t> ids = ids_in(*file, kind + "_token_id");
            if (!ids.empty()) return ids.front();
        }
        return std::nullopt;
    }

    /// Every id that ends a text by config.json or generation_config.json.
    [[nodiscard]] std::vector<std::uint32_t> ends() const {
        std::vector<std::uint32_t> all;
        for (const Object* file : {&files_.generation, &files_.config}) {
            for (const std::uint32_t id : ids_in(*file, "eos_token_id")) all.push_back(id);
        }
        return all;
    }

private:
    /// Old configs hold -1 for "none".
    [[nodiscard]] std::vector<std::uint32_t> ids_in(const Object& file, const std::string& key) const {
        const Json* json = file.find({key});
        std::vector<std::uint32_t> ids;
        const auto add = [&](const Json& id) {
            if (!id.is_number_integer()) file.fail(fmt::format("{} is {}; expected an id", key, shown(id)));
            if (id.get<std::int64_t>() < 0) return;
            if (id.get<std::uint64_t>() < vocabulary_.size()) ids.push_back(id.get<std::uint32_t>());
        };
        if (json != nullptr && json->is_array()) {
            for (const Json& id : *json) add(id);
        } else if (json != nullptr) {
            add(*json);
        }
        return ids;
    }

    const TokenizerFiles& files_;
    const Vocabulary& vocabulary_;
};

/// The ids that a post-processor puts around one text, if any.
struct Around {
    bool known = false;
    std::optional<std::uint32_t> first, last;
    bool separator_twice = false;  ///< between the texts of a pair
};

std::optional<std::uint32_t> pair_id(const Object& processor, const std::string& key) {
    const Json* pair = processor.find({key});
    if (pair == nullptr || !pair->is_array() || pair->size() != 2 || !(*pair)[1].is_number_unsigned()) {
        processor.fail(fmt::format("{}: expected a token and its id", key));
    }
    return (*pair)[1].get<std::uint32_t>();
}

std::optional<std::uint32_t> template_id(const Object& processor, const Json& piece) {
    const Json token = piece.is_object() ? piece.value("SpecialToken", Json::object()) : Json::object();
    const std::string name = token.is_object() ? token.value("id", std::string()) : std::string();
    if (name.empty()) return std::nullopt;
    const Object entry = processor.object({"special_tokens"}).object({name});
    const Json* ids = entry.find({"ids"});
    if (ids == nullptr || !ids->is_array() || ids->size() != 1 || !(*ids)[0].is_number_unsigned()) {
        processor.fail(fmt::format("special token {}: expected one id", shown(name)));
    }
    return (*ids)[0].get<std::uint32_t>();
}

void look_around(const Object& processor, Around& around) {
    const std::string type = processor.text_or({"type"}, "");
    if (type == "Sequence") {
        const Json* parts = processor.find({"processors"});
        for (const Json& part : parts == nullptr ? Json::array() : *parts) {
            if (part.is_object()) look_around(Object(part, processor.name()), around);
        }
    } else if (type == "RobertaProcessing" || type == "BertProcessing") {
        around = {true, pair_id(processor, "cls"), pair_id(processor, "sep"), type == "RobertaProcessing"};
    } else if (type == "TemplateProcessing") {
        const Json* single = processor.find({"single"});
        if (single == nullptr || !single->is_array() || single->empty())
            processor.fail("no template for a single text");
        around = {true, std::nullopt, std::nullopt, false};
        std::size_t specials = 0;
        for (const Json& piece : *single)
            specials += piece.is_object() && piece.contains("SpecialToken") ? 1 : 0;
        if (single->size() > 1) {
            around.first = template_id(processor, single->front());
            around.last = template_id(processor, single->back());
        }
        if (specials != (around.first ? 1U : 0U) + (around.last ? 1U : 0U)) {
            throw Error(
                ErrorCode::unsupported,
                fmt::format("tokenizer.json: post_processor with {} special tokens around a text; llama.cpp "
                            "puts at most one before and one after",
                            specials));
        }
    } else if (type == "ByteLevel") {
        around.known = true;
    }
}

}  // namespace

void write_special_tokens(const TokenizerFiles& files, const Vocabulary& vocabulary,
                          engine::Content& content) {
    const SpecialTokens special(files, vocabulary);
    Around around;
    const Object processor = files.tokenizer.object({"post_processor"});
    if (!processor.json().empty()) look_around(processor, around);

    const bool word_pieces = vocabulary.model == "bert";
    std::map<std::string, std::uint32_t> ids;
    for (const std::string kind : {"bos", "eos", "unk", "sep", "pad", "cls", "mask"}) {
        if (const auto id = special.id(kind)) ids[kind] = *id;
    }
    for (std::uint32_t id = 0; id < vocabulary.size() && !ids.contains("unk"); ++id) {
        if (vocabulary.type(id) == TokenType::unknown) ids["unk"] = id;
    }
    for (const auto& [kind, text] :
         {std::pair("cls", "[CLS]"), std::pair("sep", "[SEP]"), std::pair("unk", "[UNK]"),
          std::pair("pad", "[PAD]"), std::pair("mask", "[MASK]")}) {
        const auto id = word_pieces ? vocabulary.find(text) : std::nullopt;
        if (id) ids.emplace(kind, *id);
    }
    const bool sentence_piece = vocabulary.model == "llama";
    bool add_first =
        files.tokenizer_config.flag({"add_bos_token"}, sentence_piece && !files.has_tokenizer_json());
    bool add_last = files.tokenizer_config.flag({"add_eos_token"}, vocabulary.model == "t5");
    if (around.known) {
        add_first = around.first.has_value();
        add_last = around.last.has_value();
    }
    // llama.cpp calls the token added before a text BOS and the one after it EOS, whatever the model calls
    // them.
    if (around.first) ids["bos"] = *around.first;
    if (around.last) ids["eos"] = *around.last;
    if (!ids.contains("bos") && ids.contains("cls")) ids["bos"] = ids["cls"];
    if (!ids.contains("eos") && ids.contains("sep")) ids["eos"] = ids["sep"];
    for (const auto& [kind, add] : {std::pair("bos", add_first), std::pair("eos", add_last)}) {
        if (add && !ids.contains(kind)) {
            files.tokenizer_config.fail(
                fmt::format("no {}_token, although it is to be added to texts", kind));
        }
    }

    const auto put = [&](const std::string& key, engine::ContentValue value) {
        content.values.emplace_back("tokenizer.ggml." + key, std::move(value));
    };
    const std::map<std::string, std::string> names = {
        {"unk", "unknown"}, {"sep", "seperator"}, {"pad", "padding"}};
    for (const auto& [kind, id] : ids) {
        if (kind == "cls") continue;  // llama.cpp knows it as BOS
        put((names.contains(kind) ? names.at(kind) : kind) + "_token_id", id);
    }
    for (const std::uint32_t end : special.ends()) {
        if (ids.contains("eos") && ids["eos"] == end) continue;
        put("eot_token_id", end);
        break;
    }
    put("add_bos_token", add_first);
    put("add_eos_token", add_last);
    put("add_sep_token", around.separator_twice);
}

}  // namespace llmx::checkpoint
