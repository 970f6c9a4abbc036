#pragma once
// Where things are on this machine. In one object file a program (paths.cpp.in), so that the others compile
// to the same code in every checkout and a compiler cache can serve them. Included before everything else.

namespace llmx::test {

extern const char* const data_path;        ///< tests/data
extern const char* const source_path;      ///< the checkout
extern const char* const demo_model_path;  ///< empty: not there
extern const char* const cli_path;         ///< the program llmx
extern const char* const generator_path;   ///< llama.cpp's generator of tiny models
extern const char* const rpc_server_path;  ///< llama.cpp's RPC server

}  // namespace llmx::test

#define LLMX_TEST_DATA llmx::test::data_path
#define LLMX_SOURCE_DIR llmx::test::source_path
#define LLMX_DEMO_MODEL llmx::test::demo_model_path
#define LLMX_CLI llmx::test::cli_path
#define LLMX_ARCHS_GENERATOR llmx::test::generator_path
#define LLMX_RPC_SERVER llmx::test::rpc_server_path
