// A chat template is found in every place where checkpoints have kept it.

#include <gtest/gtest.h>

#include <llmx/error.hpp>
#include <llmx/model.hpp>
#include <nlohmann/json.hpp>

#include "support/temporary.hpp"

namespace llmx {
namespace {

namespace fs = std::filesystem;
using test::slurp;
using test::spill;

class TemplatePlace : public testing::Test {
protected:
    TemplatePlace() {
        for (const auto& entry : fs::directory_iterator(std::string(LLMX_TEST_DATA) + "/llama-tiny")) {
            fs::copy_file(entry.path(), dir / entry.path().filename().string());
        }
    }
    void in_config(const nlohmann::json& value) const {
        nlohmann::json config = nlohmann::json::parse(slurp(dir / "tokenizer_config.json"));
        config["chat_template"] = value;
        spill(dir / "tokenizer_config.json", config.dump());
    }
    [[nodiscard]] std::string render() const {
        return Model::load(dir.path()).render_chat({{"user", "Hi"}}, /*add_generation_prompt=*/false);
    }
    static std::string text(const std::string& mark) {
        return "{% for m in messages %}" + mark + ":{{ m.role }}={{ m.content }};{% endfor %}";
    }
    test::TemporaryDirectory dir;
};

TEST_F(TemplatePlace, None) {
    EXPECT_FALSE(Model::load(dir.path()).facts().has_chat_template);
    EXPECT_THROW((void)render(), Error);
}
TEST_F(TemplatePlace, TokenizerConfig) {
    in_config(text("config"));
    EXPECT_EQ(render(), "config:user=Hi;");
}
TEST_F(TemplatePlace, NamedOnes) {
    in_config({{{"name", "tool_use"}, {"template", text("tools")}},
               {{"name", "default"}, {"template", text("default")}}});
    EXPECT_EQ(render(), "default:user=Hi;");
}
TEST_F(TemplatePlace, ChatTemplateJson) {
    spill(dir / "chat_template.json", nlohmann::json{{"chat_template", text("json")}}.dump());
    EXPECT_EQ(render(), "json:user=Hi;");
}
TEST_F(TemplatePlace, JinjaFileBeforeAll) {
    in_config(text("config"));
    spill(dir / "chat_template.jinja", text("file"));
    EXPECT_EQ(render(), "file:user=Hi;");
}

}  // namespace
}  // namespace llmx
