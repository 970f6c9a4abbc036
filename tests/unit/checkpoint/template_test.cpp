// A chat template is found in every place where checkpoints have kept it.

#include <gtest/gtest.h>

#include <llmx/error.hpp>
#include <llmx/model.hpp>
#include <nlohmann/json.hpp>

#include "engine/text/template_guard.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

namespace fs = std::filesystem;
using test::slurp;
using test::spill;

class TemplatePlace : public testing::Test {
protected:
    TemplatePlace() {
        for (const auto& entry : fs::directory_iterator(test::data_file("llama-tiny"))) {
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

// llama.cpp alone would overflow its stack.
TEST_F(TemplatePlace, MacrosThatCallThemselvesWithoutEnd) {
    const auto refuses = [this](const std::string& source, const std::string& macro) {
        in_config(source);
        test::expect_error(ErrorCode::input, {"chat template", "macro " + macro, "without end"},
                           [this] { (void)render(); });
    };
    refuses("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "a");
    refuses("{% macro a(x) %}{{ b(x) }}{% endmacro %}{% macro b(x) -%} {{ a(x) }} {%- endmacro %}{{ b(1) }}",
            "b");
    refuses(
        "{% macro a() %}{% if '%}' %}{{ 1 + a() }}{% endif %}{% endmacro %}{{ messages[0].role }}{{ a() }}",
        "a");
}

TEST_F(TemplatePlace, MacrosThatEndAreLeftAlone) {
    const std::string count =
        "\n{%- macro count(n) -%}\n  {{ n }}\n{% if n > 0 %}, {{ count(n - 1) }}{% endif %}\n{%- endmacro "
        "-%}\n{{ count(9) }}";
    in_config(count);
    EXPECT_EQ(render(), "9\n, 8\n, 7\n, 6\n, 5\n, 4\n, 3\n, 2\n, 1\n, 0\n");
    const std::string text = "{% macro a() %}x{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ b() }}";
    EXPECT_EQ(engine::guard_recursion(text), text);
    for (const std::string broken :
         {"{% macro a(", "{% macro %}", "{%", "{{", "{#", "{% macro a() %}{{ a()", "{%}"}) {
        (void)engine::guard_recursion(broken);
    }
}

}  // namespace
}  // namespace llmx
