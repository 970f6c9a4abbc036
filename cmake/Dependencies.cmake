# What others wrote: llama.cpp (pinned, with its copy of cpp-httplib), oneDNN, Eigen, Boost (headers), fmt,
# nlohmann-json, CLI11, OpenMP, OpenSSL, ICU.
include(LlamaCpp)

find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(Eigen3 REQUIRED NO_MODULE)
# Our fits are small: plain loops on one thread, which add in the same order on every machine.
set_property(TARGET Eigen3::Eigen APPEND PROPERTY INTERFACE_COMPILE_DEFINITIONS
             EIGEN_DONT_PARALLELIZE EIGEN_DONT_VECTORIZE)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(ICU REQUIRED COMPONENTS uc i18n)
find_package(Boost REQUIRED)
if(LLMX_ONEDNN)
  find_package(dnnl REQUIRED)
else()
  message(STATUS "LLMX_ONEDNN=OFF: the reverse pass multiplies by plain loops, several times slower")
endif()
