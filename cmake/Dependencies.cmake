# What others wrote: llama.cpp (pinned), oneDNN, fmt, nlohmann-json, CLI11, OpenMP, OpenSSL.
include(LlamaCpp)

find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
if(LLMX_ONEDNN)
  find_package(dnnl REQUIRED)
else()
  message(STATUS "LLMX_ONEDNN=OFF: the reverse pass multiplies by plain loops, several times slower")
endif()
