// What is wrong with a server is one line that names it; what servers cannot do says so.

#include <gtest/gtest.h>

#include <llmx/llmx.hpp>

#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/rpc_server.hpp"

namespace llmx {
namespace {

using test::expect_error;

const std::string path = test::data_file("llama-tiny.gguf");

void load(const std::vector<std::string>& servers) { (void)Model::load(path, {.rpc = servers}); }

TEST(RpcErrors, FormIsHostAndPort) {
    for (const char* text : {"", "host", "host:", ":50052", "host:0", "host:65536", "host:50052x",
                             "ho st:50052", "host:500520", "[::1]:50052", "a,b:1"}) {
        expect_error(ErrorCode::usage, {"`rpc`", std::string("\"") + text + "\"", "HOST:PORT"},
                     [&] { load({text}); });
    }
    expect_error(ErrorCode::usage, {"twice"}, [] { load({"127.0.0.1:5", "localhost:5"}); });
}

TEST(RpcErrors, NobodyListens) {
    const std::string free = test::Listener().name();
    expect_error(ErrorCode::input, {free, "refused", "ggml-rpc-server -H"}, [&] { load({free}); });
    expect_error(ErrorCode::input, {"no-such-host.invalid:50052", "not found"},
                 [] { load({"no-such-host.invalid:50052"}); });
}

TEST(RpcErrors, SomebodyElseListens) {
    const test::Listener silent;
    expect_error(ErrorCode::input, {silent.name(), "no answer within 5 s", "one client at a time"},
                 [&] { load({silent.name()}); });

    const test::Listener rude;
    std::thread other([&] {
        const int client = accept(rude.socket_number(), nullptr, nullptr);
        close(client);
    });
    expect_error(ErrorCode::input, {rude.name(), "closes the connection"}, [&] { load({rude.name()}); });
    other.join();

    const test::Listener web;
    std::thread server([&] {
        const int client = accept(web.socket_number(), nullptr, nullptr);
        const std::string answer = "HTTP/1.1 400 Bad Request\r\n\r\n";
        (void)!write(client, answer.data(), answer.size());
        close(client);
    });
    expect_error(ErrorCode::input, {web.name(), "not in llama.cpp's RPC"}, [&] { load({web.name()}); });
    server.join();
}

TEST(RpcErrors, TheProtocolIsAnother) {
    const test::Listener old;
    std::thread server([&] {
        const int client = accept(old.socket_number(), nullptr, nullptr);
        std::string answer(8 + 28, '\0');
        answer[0] = 28;
        answer[8] = 3;
        (void)!write(client, answer.data(), answer.size());
        close(client);
    });
    expect_error(ErrorCode::input, {old.name(), "speaks RPC 3.0", "the same llama.cpp"},
                 [&] { load({old.name()}); });
    server.join();
}

TEST(RpcErrors, DraftsAndRedrawnWeightsAreRefused) {
    const test::RpcServer server;
    const Model model = Model::load(path, {.rpc = {server.name()}});
    const Tokens prompt{5, 9, 20, 301, 44};
    expect_error(ErrorCode::unsupported, {"drafts", "`rpc`"},
                 [&] { (void)model.generate(prompt, {.prompt_lookup = true}); });
    expect_error(ErrorCode::unsupported, {"drafts", "`rpc`"},
                 [&] { (void)model.generate(prompt, {.assistant = &model}); });
    expect_error(ErrorCode::unsupported, {"re-drawn", "`rpc`"},
                 [&] { (void)Model::load(path, {.rpc = {server.name()}, .randomized_blocks = 1}); });
    EXPECT_EQ(model.generate(prompt, {.max_new_tokens = 8}).ids,
              Model::load(path).generate(prompt, {.max_new_tokens = 8}).ids);
}

// Servers do not ask whether to go on; a pass ends early all the same.
TEST(RpcErrors, WorkCanBeCancelled) {
    const test::RpcServer server;
    const Model model = Model::load(path, {.rpc = {server.name()}});
    Request request;
    request.input_ids = {5, 9, 20, 301, 44};
    request.output.ids = {7, 8};
    double done = 0;
    request.progress = [&](std::string_view, double part) {
        done = std::max(done, part);
        return part < 0.3;
    };
    expect_error(ErrorCode::cancelled, {"cancelled"},
                 [&] { (void)Explainer(model, {"gradient"}).compute(request); });
    EXPECT_LT(done, 0.5);
    request.progress = {};
    EXPECT_TRUE(Explainer(model, {"gradient"}).compute(request).original.gradient);
}

// A server has one client at a time: models of one process are one client, and so is one after another.
TEST(RpcErrors, ModelsOfAProcessShareAServer) {
    const test::RpcServer server;
    const Tokens prompt{5, 9, 20, 301, 44};
    const Tokens truth = Model::load(path).generate(prompt, {.max_new_tokens = 8}).ids;
    {
        const Model first = Model::load(path, {.rpc = {server.name()}});
        const Model second = Model::load(path, {.rpc = {server.name()}});
        EXPECT_EQ(first.generate(prompt, {.max_new_tokens = 8}).ids, truth);
        EXPECT_EQ(second.generate(prompt, {.max_new_tokens = 8}).ids, truth);
    }
    EXPECT_EQ(Model::load(path, {.rpc = {server.name()}}).generate(prompt, {.max_new_tokens = 8}).ids, truth);
}

}  // namespace
}  // namespace llmx
