#include "threads/fake_worker.hpp"

#include <cstdlib>

#include "serve/channel.hpp"
#include "serve/worker_process.hpp"

namespace llmx::test {
namespace {

void answer(serve::Channel& channel, const serve::Message& asked) {
    if (asked.head.at("kind") == "terms") return;  // a model's; there is none
    const nlohmann::json id = asked.head.at("id");
    if (asked.head.at("kind") == "cancel") {
        channel.send({{"kind", "error"}, {"id", id}, {"code", 9}, {"message", "cancelled"}});
    } else if (asked.payload == "die") {
        std::_Exit(7);
    } else if (asked.payload != "hang") {
        channel.send({{"kind", "progress"}, {"id", id}, {"stage", "explain"}, {"done", 0.5}});
        channel.send({{"kind", "result"}, {"id", id}}, asked.payload);
    }
}

}  // namespace

int run_fake_worker() {
    serve::Channel channel(serve::worker_descriptor);
    channel.send({{"kind", "ready"}, {"model", {{"name", "fake"}}}});
    while (channel.fill(/*wait=*/true)) {
        for (serve::Message asked; channel.next(asked);) answer(channel, asked);
    }
    return 0;
}

}  // namespace llmx::test
