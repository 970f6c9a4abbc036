# What others wrote: llama.cpp (pinned), oneDNN, fmt, nlohmann-json, CLI11, OpenMP.
include(FetchContent)

set(BUILD_SHARED_LIBS OFF)
foreach(part TESTS TOOLS EXAMPLES SERVER APP)
  set(LLAMA_BUILD_${part} OFF CACHE BOOL "" FORCE)
endforeach()
set(LLAMA_OPENSSL OFF CACHE BOOL "" FORCE)
set(GGML_NATIVE ${LLMX_NATIVE} CACHE BOOL "" FORCE)

set(llama_cpp_commit 0c1e57098bba43ac29e6e3b677cdceebdd22334f)
if(LLMX_LLAMA_CPP_DIR)
  if(NOT EXISTS "${LLMX_LLAMA_CPP_DIR}/include/llama.h")
    message(FATAL_ERROR "LLMX_LLAMA_CPP_DIR: no include/llama.h in ${LLMX_LLAMA_CPP_DIR}; "
                        "expected an unpacked copy of llama.cpp at ${llama_cpp_commit}")
  endif()
  add_subdirectory("${LLMX_LLAMA_CPP_DIR}" "${CMAKE_BINARY_DIR}/llama.cpp" EXCLUDE_FROM_ALL SYSTEM)
else()
  FetchContent_Declare(llama_cpp
    GIT_REPOSITORY https://github.com/ggml-org/llama.cpp.git
    GIT_TAG ${llama_cpp_commit})
  FetchContent_GetProperties(llama_cpp)
  if(NOT llama_cpp_POPULATED)
    FetchContent_Populate(llama_cpp)
    add_subdirectory("${llama_cpp_SOURCE_DIR}" "${CMAKE_BINARY_DIR}/llama.cpp" EXCLUDE_FROM_ALL SYSTEM)
  endif()
endif()

find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
if(LLMX_ONEDNN)
  find_package(dnnl REQUIRED)
else()
  message(STATUS "LLMX_ONEDNN=OFF: the reverse pass multiplies by plain loops, several times slower")
endif()
