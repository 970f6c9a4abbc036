#include "caller.hpp"

namespace llmx::python {
namespace {

namespace nb = nanobind;

std::atomic<bool> interrupted = false;
std::atomic<void (*)(int)> python_handler = nullptr;

void note(int signal) {
    interrupted = true;
    python_handler.load()(signal);  // Python's own only sets flags
}

bool on_main_thread() {
    const nb::object threading = nb::module_::import_("threading");
    return threading.attr("current_thread")().is(threading.attr("main_thread")());
}

}  // namespace

Interrupts::Interrupts() {
    if (!on_main_thread() || sigaction(SIGINT, nullptr, &before_) != 0) return;
    const bool is_python = before_.sa_handler != SIG_DFL && before_.sa_handler != SIG_IGN &&
                           before_.sa_handler != note && (before_.sa_flags & SA_SIGINFO) == 0;
    if (!is_python) return;
    python_handler = before_.sa_handler;
    interrupted = false;
    struct sigaction ours = before_;
    ours.sa_handler = note;
    listens_ = sigaction(SIGINT, &ours, nullptr) == 0;
}

Interrupts::~Interrupts() {
    if (listens_) sigaction(SIGINT, &before_, nullptr);
}

bool Interrupts::came() const { return listens_ && interrupted; }

void Caller::stream(std::string_view text) {
    if (on_text_.is_none() || text.empty()) return;
    ask([&] { return on_text_(nb::str(text.data(), text.size())); });
}

bool Caller::goes_on(std::string_view stage, double done) {
    if (progress_.is_none()) return !is_stopped();
    if (!ask([&] { return progress_(nb::str(stage.data(), stage.size()), done); })) stopped_ = true;
    return !stopped_;
}

void Caller::raise_reason() {
    if (thrown_) std::rethrow_exception(thrown_);
    raise_pending();
}

void Caller::raise_pending() {
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

}  // namespace llmx::python
