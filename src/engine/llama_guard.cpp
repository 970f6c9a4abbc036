#include "engine/llama_guard.hpp"

#include <ggml.h>
#include <llama.h>
#include <log.h>

#include <cstdio>
#include <mutex>

#include "text/utf8.hpp"

namespace llmx::engine {
namespace {

// Both callbacks of llama.cpp are global; what they know is the thread's own.
thread_local int guards = 0;
thread_local std::string first_error;

void on_log(ggml_log_level level, const char* text, void*) {
    if (guards == 0 || level != GGML_LOG_LEVEL_ERROR || !first_error.empty()) return;
    std::string line = one_line(text);
    // "function_name: message" -> "message"
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos && line.find(' ') > colon) line.erase(0, colon + 2);
    first_error = line;
}

void on_abort(const char* message) {
    if (guards > 0) throw LlamaAbort(one_line(message));
    std::fprintf(stderr, "%s\n", message);  // ggml ends the process after this call
}

}  // namespace

void init_llama() {
    static std::once_flag once;
    std::call_once(once, [] {
        llama_log_set(on_log, nullptr);
        common_log_set_verbosity_thold(-1);
        ggml_set_abort_callback(on_abort);
        llama_backend_init();
    });
}

LlamaGuard::LlamaGuard() {
    init_llama();
    if (guards++ == 0) first_error.clear();
}

LlamaGuard::~LlamaGuard() { --guards; }

std::string LlamaGuard::reason(const std::string& otherwise) const {
    return first_error.empty() ? otherwise : first_error;
}

std::string one_line(const std::string& text, std::size_t limit) {
    std::string line;
    for (const char c : text) {
        const bool space = c == ' ' || (c >= '\t' && c <= '\r');
        if (!space) {
            line += c;
        } else if (!line.empty() && line.back() != ' ') {
            line += ' ';
        }
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    if (line.size() > limit) line = line.substr(0, limit) + "...";
    return utf8::replace_invalid(line);
}

}  // namespace llmx::engine
