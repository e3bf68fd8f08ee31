# The imported target `torch`: Debian's LibTorch, or the one in NASCENT_LIBTORCH.
#
# The wheel's own CMake package wants a matching CUDA toolkit, and finds Debian's libtorch where both
# are installed, so the target is made here from absolute paths.

add_library(torch INTERFACE IMPORTED)
if(NASCENT_LIBTORCH)
  set(torch_root ${NASCENT_LIBTORCH})
  set(torch_lib ${torch_root}/lib)
  target_include_directories(torch SYSTEM INTERFACE
    ${torch_root}/include ${torch_root}/include/torch/csrc/api/include)
  foreach(name torch torch_cpu c10)
    target_link_libraries(torch INTERFACE ${torch_lib}/lib${name}.so)
  endforeach()
  if(EXISTS ${torch_lib}/libtorch_cuda.so)
    # Registers the CUDA kernels when loaded, although nothing refers to it by symbol.
    target_link_libraries(torch INTERFACE
      -Wl,--no-as-needed ${torch_lib}/libtorch_cuda.so ${torch_lib}/libc10_cuda.so -Wl,--as-needed)
    # A training step is recorded as a CUDA graph only where CUDA's headers are. PyPI has them in parts:
    # nvidia-cuda-runtime comes with the wheel, nvidia-cuda-crt does not.
    find_path(NASCENT_CUDA_INCLUDE_DIR crt/host_defines.h
      HINTS ${torch_root}/../nvidia/cu13/include $ENV{CUDA_HOME}/include /usr/local/cuda/include
            ${NASCENT_CUDA_HINT}
      NO_DEFAULT_PATH)
    find_path(NASCENT_CUDA_RUNTIME_INCLUDE_DIR cuda_runtime_api.h
      HINTS ${torch_root}/../nvidia/cu13/include $ENV{CUDA_HOME}/include /usr/local/cuda/include
      NO_DEFAULT_PATH)
    if(NASCENT_CUDA_INCLUDE_DIR AND NASCENT_CUDA_RUNTIME_INCLUDE_DIR)
      target_include_directories(torch SYSTEM INTERFACE
        ${NASCENT_CUDA_RUNTIME_INCLUDE_DIR} ${NASCENT_CUDA_INCLUDE_DIR})
      target_compile_definitions(torch INTERFACE NASCENT_CUDA=1)
    endif()
  endif()
  # The wheel shows parts of its own libstdc++ to every program, std::filesystem among them, which fail
  # with another compiler's: the loader must meet the system's before it.
  target_link_options(torch INTERFACE "SHELL:-Wl,--push-state,--no-as-needed -lstdc++ -Wl,--pop-state"
    -Wl,-rpath,${torch_lib} -Wl,--disable-new-dtags)
else()
  find_path(TORCH_INCLUDE_DIR torch/csrc/api/include/torch/torch.h REQUIRED)
  find_library(TORCH_LIBRARY torch REQUIRED)
  find_library(TORCH_CPU_LIBRARY torch_cpu REQUIRED)
  find_library(C10_LIBRARY c10 REQUIRED)
  target_include_directories(torch SYSTEM INTERFACE
    ${TORCH_INCLUDE_DIR} ${TORCH_INCLUDE_DIR}/torch/csrc/api/include)
  target_link_libraries(torch INTERFACE ${TORCH_LIBRARY} ${TORCH_CPU_LIBRARY} ${C10_LIBRARY})
endif()

# A torch file costs about 1.1 GB while it compiles.
set(NASCENT_TORCH_JOBS 2 CACHE STRING "Files that include LibTorch and compile at the same time")
set_property(GLOBAL APPEND PROPERTY JOB_POOLS torch_pool=${NASCENT_TORCH_JOBS})
