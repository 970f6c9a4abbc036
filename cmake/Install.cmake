# `cmake --install`: the shared library, its headers, the program, and what find_package(llmx) reads.
# llama.cpp and what else is static is linked in and leaves nothing behind.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(llmx_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/llmx")

install(TARGETS llmx EXPORT llmx
        LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
        INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
if(TARGET llmx_cli)
  # The program finds the library wherever the prefix is moved to.
  file(RELATIVE_PATH bin_to_lib "/${CMAKE_INSTALL_BINDIR}" "/${CMAKE_INSTALL_LIBDIR}")
  set_target_properties(llmx_cli PROPERTIES INSTALL_RPATH "$ORIGIN/${bin_to_lib}")
  install(TARGETS llmx_cli RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/llmx" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

install(EXPORT llmx NAMESPACE llmx:: FILE llmxTargets.cmake DESTINATION "${llmx_package_dir}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/llmxConfig.cmake.in"
                              "${PROJECT_BINARY_DIR}/llmxConfig.cmake" INSTALL_DESTINATION "${llmx_package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/llmxConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/llmxConfig.cmake" "${PROJECT_BINARY_DIR}/llmxConfigVersion.cmake"
        DESTINATION "${llmx_package_dir}")
# A symbol that nothing defines is an error here, not in the projects that link the library.
if(NOT LLMX_SANITIZE)
  target_link_options(llmx PRIVATE -Wl,-z,defs)
endif()
