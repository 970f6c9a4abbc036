// Why did the chatbot answer that? Scores of the prompt by attention and by gradient.
//   example_chatbot MODEL.gguf

#include <iostream>
#include <llmx/llmx.hpp>

namespace {

const std::string system_prompt =
    "You are a customer support chatbot. Please use the [DATA] as your current information.\n"
    "Answer questions using the [DATA] provided. If the answer is not in the [DATA],\n"
    "please say [Please try a different question or provide more details].\n"
    "Do not include any fabricated content in your answers.";

const std::string question =
    "\nWhat are the operating hours for online customer support and phone support?\n"
    "[DATA]\n"
    "Online Chat Support: Monday to Friday 8:00 AM - 8:00 PM EST\n"
    "Saturday 9:00 AM - 5:00 PM EST\n"
    "Phone Support: 24/7 available for Premium customers\n"
    "Regular customers: Monday to Friday 9:00 AM - 6:00 PM EST";

const std::string answer =
    "Our online chat support is available Monday to Friday from 8:00 AM to 8:00 PM EST and Saturday from "
    "9:00 AM to 5:00 PM EST. Phone support is available 24/7 for Premium customers, while Regular customers "
    "can call Monday to Friday from 9:00 AM to 6:00 PM EST.";

void explain(const std::string& path) {
    llmx::ExplainRequest request;
    request.model = path;
    request.texts = {.user = question, .system = system_prompt, .label = answer};
    request.writing.max_new_tokens = 100;
    request.methods = {"attention", "gradient"};
    const llmx::Explanation result = llmx::explain(request).explanation;

    std::cout << "By gradient:\n";
    llmx::view::ansi(std::cout, result.prompt, result.original.gradient->saliency_map);
    std::cout << "\n\nBy attention:\n";
    llmx::view::ansi(std::cout, result.prompt, result.original.attention->pair.attention);
    std::cout << "\n\nAnswer:\n" << result.answer_text << '\n';
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: example_chatbot MODEL.gguf\n";
        return 2;
    }
    try {
        explain(argv[1]);
    } catch (const llmx::Error& error) {
        std::cerr << "example_chatbot: " << error.what() << '\n';
        return static_cast<int>(error.code());
    }
}
