# llama.cpp at the pinned commit, from the first that is there:
#   LLMX_LLAMA_CPP_BUILD  a build directory of this project: its llama.cpp is linked, not built again
#   LLMX_LLAMA_CPP_DIR    an unpacked copy
#   the copy that scripts/ keep in the user's cache
#   GitHub
set(llama_cpp_commit 0c1e57098bba43ac29e6e3b677cdceebdd22334f)
string(SUBSTRING ${llama_cpp_commit} 0 12 llama_cpp_short)

if(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(llmx_user_cache "$ENV{XDG_CACHE_HOME}/llm-explainer")
else()
  set(llmx_user_cache "$ENV{HOME}/.cache/llm-explainer")
endif()

# Threads and OpenMP are what its libraries link.
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS C CXX)

if(LLMX_LLAMA_CPP_BUILD)
  set(llama_cpp_targets "${LLMX_LLAMA_CPP_BUILD}/llama-cpp-targets.cmake")
  if(NOT EXISTS "${llama_cpp_targets}")
    message(FATAL_ERROR "LLMX_LLAMA_CPP_BUILD: no llama-cpp-targets.cmake in ${LLMX_LLAMA_CPP_BUILD}; "
                        "expected a build directory of this project")
  endif()
  message(STATUS "llama.cpp: as built in ${LLMX_LLAMA_CPP_BUILD}")
  include("${llama_cpp_targets}")
  return()
endif()

set(BUILD_SHARED_LIBS OFF)
set(LLAMA_BUILD_COMMON ON CACHE BOOL "" FORCE)
foreach(part TESTS TOOLS EXAMPLES SERVER APP)
  set(LLAMA_BUILD_${part} OFF CACHE BOOL "" FORCE)
endforeach()
set(LLAMA_OPENSSL OFF CACHE BOOL "" FORCE)
set(GGML_RPC ON CACHE BOOL "" FORCE)  # --rpc
set(GGML_RPC_RDMA OFF CACHE BOOL "" FORCE)  # a library more to link, wherever it happens to be
set(GGML_NATIVE ${LLMX_NATIVE} CACHE BOOL "" FORCE)

set(llama_cpp_dir "${LLMX_LLAMA_CPP_DIR}")
if(NOT llama_cpp_dir AND EXISTS "${llmx_user_cache}/llama.cpp-${llama_cpp_short}/include/llama.h")
  set(llama_cpp_dir "${llmx_user_cache}/llama.cpp-${llama_cpp_short}")
endif()
if(NOT llama_cpp_dir)
  message(STATUS "llama.cpp: fetching ${llama_cpp_short} from GitHub")
  include(FetchContent)
  FetchContent_Declare(llama_cpp
    GIT_REPOSITORY https://github.com/ggml-org/llama.cpp.git
    GIT_TAG ${llama_cpp_commit})
  FetchContent_GetProperties(llama_cpp)
  if(NOT llama_cpp_POPULATED)
    FetchContent_Populate(llama_cpp)
  endif()
  set(llama_cpp_dir "${llama_cpp_SOURCE_DIR}")
elseif(NOT EXISTS "${llama_cpp_dir}/include/llama.h")
  message(FATAL_ERROR "LLMX_LLAMA_CPP_DIR: no include/llama.h in ${llama_cpp_dir}; "
                      "expected an unpacked copy of llama.cpp at ${llama_cpp_commit}")
else()
  message(STATUS "llama.cpp: ${llama_cpp_dir}")
endif()
function(add_llama_cpp)
  foreach(language C CXX)
    set(CMAKE_${language}_FLAGS "${CMAKE_${language}_FLAGS} -w")  # its warnings are not ours to mend
  endforeach()
  add_subdirectory("${llama_cpp_dir}" "${CMAKE_BINARY_DIR}/llama.cpp" EXCLUDE_FROM_ALL SYSTEM)
endfunction()
add_llama_cpp()
# Chat templates and HTTP: what they do is short, and optimising it takes a third of the build.
foreach(target llama-common cpp-httplib)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endforeach()

# What LLMX_LLAMA_CPP_BUILD reads: the libraries above and every target that they link.
set(llama_cpp_all "")
set(queue llama-common llama ggml)
while(queue)
  list(POP_FRONT queue target)
  string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" target "${target}")
  if(NOT TARGET "${target}")
    continue()
  endif()
  get_target_property(aliased ${target} ALIASED_TARGET)
  if(aliased)
    set(target ${aliased})
  endif()
  get_target_property(imported ${target} IMPORTED)
  if(imported OR target IN_LIST llama_cpp_all)
    continue()
  endif()
  list(APPEND llama_cpp_all ${target})
  foreach(property LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
    get_target_property(linked ${target} ${property})
    if(linked)
      list(APPEND queue ${linked})
    endif()
  endforeach()
endwhile()
export(TARGETS ${llama_cpp_all} FILE "${CMAKE_BINARY_DIR}/llama-cpp-targets.cmake")
add_custom_target(llama_cpp)
add_dependencies(llama_cpp ${llama_cpp_all})
