# One target per folder of src/. `#include "core/files.hpp"` resolves only in folders that link
# llmx_core: each folder gets an include root of its own that holds nothing but a link to it, so an
# include against the ranks fails to build.

set(llmx_warnings -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor)
if(LLMX_WERROR)
  list(APPEND llmx_warnings -Werror)
endif()

# Flags for everything we wrote. PROGRAM: for what only calls the library. There, the checks that the
# undefined-behaviour sanitizer adds to each use of a pointer are left out: in code that is mostly templates of others
# they take a third of the build and more, and the address sanitizer finds most of what they would find. The library,
# which reads raw tensors, keeps them.
function(llmx_own target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "PROGRAM" "" "")
  target_compile_options(${target} PRIVATE ${llmx_warnings})
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(LLMX_NATIVE)
    target_compile_options(${target} PRIVATE -march=native)
  endif()
  if(LLMX_SANITIZE)
    # GCC sees uninitialised values in std::regex where the sanitizers keep it from seeing through. Clang reports
    # "omp simd" loops that it cannot vectorise with their checks inside.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
      $<$<CXX_COMPILER_ID:Clang>:-Wno-pass-failed>
      -fsanitize=${LLMX_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined -O1 -g1 -UNDEBUG
      $<$<BOOL:${arg_PROGRAM}>:-fno-sanitize=null,object-size,vptr,alignment>)
    target_link_options(${target} PUBLIC -fsanitize=${LLMX_SANITIZE})
  endif()
endfunction()

# llmx_folder(name [lower folders...])
function(llmx_folder name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp")
  if(NOT sources)
    message(FATAL_ERROR "src/${name} has no source")
  endif()
  set(root "${CMAKE_BINARY_DIR}/include-roots/${name}")
  file(MAKE_DIRECTORY "${root}")
  if(NOT EXISTS "${root}/${name}")
    file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}/${name}" "${root}/${name}" SYMBOLIC)
  endif()
  add_library(llmx_${name} OBJECT ${sources})
  llmx_own(llmx_${name})
  target_include_directories(llmx_${name} PUBLIC "${root}" "${PROJECT_SOURCE_DIR}/include")
  target_link_libraries(llmx_${name} PRIVATE fmt::fmt OpenMP::OpenMP_CXX)
  foreach(lower ${ARGN})
    target_link_libraries(llmx_${name} PUBLIC llmx_${lower})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY LLMX_FOLDERS ${name})
endfunction()

# The folders of a list (src/folders.txt). Those below another are part of its target.
function(llmx_folders list)
  file(STRINGS "${list}" lines REGEX "^[a-z]+ *\\|")
  foreach(line ${lines})
    string(REGEX REPLACE "^([a-z]+) *\\|([^|]*)\\|.*" "\\1;\\2" parts "${line}")
    list(POP_FRONT parts name)
    string(STRIP "${parts}" lower)
    string(REPLACE " " ";" lower "${lower}")
    llmx_folder(${name} ${lower})
  endforeach()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${list}")
endfunction()

# A registry: every file of `folder` has one row in `table`, every row one file.
# Rows look like MACRO(OP_NAME, file_name).
function(llmx_check_registry table folder)
  file(STRINGS "${table}" rows REGEX "^[A-Z_]+\\(")
  set(named "")
  foreach(row ${rows})
    string(REGEX REPLACE "^[A-Z_]+\\([A-Za-z0-9_]+, *([a-z0-9_]+)\\).*" "\\1" file "${row}")
    list(APPEND named ${file})
    if(NOT EXISTS "${folder}/${file}.cpp")
      message(FATAL_ERROR "${table}: row '${row}' has no file ${folder}/${file}.cpp")
    endif()
  endforeach()
  file(GLOB files CONFIGURE_DEPENDS "${folder}/*.cpp")
  foreach(path ${files})
    get_filename_component(file "${path}" NAME_WE)
    if(NOT file IN_LIST named)
      message(FATAL_ERROR "${path} has no row in ${table}")
    endif()
  endforeach()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${table}")
endfunction()

# Text files below `root`, embedded in `target` (view/html/assets.hpp).
function(llmx_embed_texts target root)
  set(out "${CMAKE_CURRENT_BINARY_DIR}/${target}_assets.cpp")
  set(paths ${ARGN})
  list(TRANSFORM paths PREPEND "${root}/")
  add_custom_command(OUTPUT "${out}"
    COMMAND "${CMAKE_COMMAND}" -D "out=${out}" -D "root=${root}" -D "files=${ARGN}"
            -P "${PROJECT_SOURCE_DIR}/cmake/EmbedText.cmake"
    DEPENDS ${paths} "${PROJECT_SOURCE_DIR}/cmake/EmbedText.cmake" VERBATIM
    COMMENT "Embedding the report's style and scripts")
  target_sources(${target} PRIVATE "${out}")
endfunction()
