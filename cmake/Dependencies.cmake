# Everything from outside, as imported targets. All are Debian 12 packages, see
# deploy/install-dependencies.

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(GTest CONFIG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED)
pkg_check_modules(PQXX REQUIRED IMPORTED_TARGET libpqxx)
pkg_check_modules(EIGEN REQUIRED IMPORTED_TARGET eigen3)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)

find_library(NAUTY_LIBRARY nauty REQUIRED)
find_path(NAUTY_INCLUDE_DIR nauty/nauty.h REQUIRED)
add_library(nauty INTERFACE IMPORTED)
target_link_libraries(nauty INTERFACE ${NAUTY_LIBRARY})
target_include_directories(nauty SYSTEM INTERFACE ${NAUTY_INCLUDE_DIR})

find_library(NLOPT_LIBRARY nlopt REQUIRED)
find_path(NLOPT_INCLUDE_DIR nlopt.hpp REQUIRED)
add_library(nlopt INTERFACE IMPORTED)
target_link_libraries(nlopt INTERFACE ${NLOPT_LIBRARY})
target_include_directories(nlopt SYSTEM INTERFACE ${NLOPT_INCLUDE_DIR})

if(NASCENT_TORCH)
  include(Torch)
endif()
