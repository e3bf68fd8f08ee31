# Headers that most files include, read once per build: for clang alone. There a file of the engine takes a
# third less; GCC, which maps its file of 190 MB into each compiler, gains nothing.
#
# nascent_precompiled(TARGET KIND) gives a target the headers in cmake/precompiled.h. KIND says which of the
# builds of them has its options: "plain"; "computes", which is optimised; "tests", with GoogleTest;
# "torch" and "torch_tests", with LibTorch's.

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_DISABLE_PRECOMPILE_HEADERS)
  function(nascent_precompiled target kind)
  endfunction()
  return()
endif()

set(kinds plain computes tests)
if(NASCENT_TORCH)
  list(APPEND kinds torch torch_tests)
endif()
foreach(kind ${kinds})
  set(source ${CMAKE_BINARY_DIR}/precompiled_${kind}.cc)
  file(GENERATE OUTPUT ${source} CONTENT "// Its headers are the point.\n")
  add_library(nascent_precompiled_${kind} STATIC ${source})
  target_precompile_headers(nascent_precompiled_${kind} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled.h)
  target_link_libraries(nascent_precompiled_${kind} PRIVATE nascent_proto nascent_options)
  if(kind MATCHES "tests")
    target_compile_options(nascent_precompiled_${kind} PRIVATE -O0)
    target_link_libraries(nascent_precompiled_${kind} PRIVATE GTest::gmock)
    target_precompile_headers(nascent_precompiled_${kind} PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
  endif()
  if(kind MATCHES "torch")
    target_link_libraries(nascent_precompiled_${kind} PRIVATE torch)
    # LibTorch 1.13 is understood by clang with C++20 only where ivalue.h comes first.
    target_precompile_headers(nascent_precompiled_${kind} PRIVATE <ATen/core/ivalue.h> <torch/torch.h>)
  endif()
endforeach()
target_compile_options(nascent_precompiled_computes PRIVATE ${nascent_computes_options})

function(nascent_precompiled target kind)
  target_precompile_headers(${target} REUSE_FROM nascent_precompiled_${kind})
endfunction()
