# Headers that most files include, read once per build: for clang and the sanitizers alone. There a file of
# the engine takes a third less; GCC, which maps its file of 190 MB into each compiler, gains nothing.
#
# nascent_precompiled(TARGET KIND) gives a target the headers in cmake/precompiled.h. KIND says which of the
# builds of them has its options: "plain"; "computes", which is optimised; "tests", with GoogleTest.

if(NOT NASCENT_SANITIZE OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  function(nascent_precompiled target kind)
  endfunction()
  return()
endif()

foreach(kind plain computes tests)
  set(source ${CMAKE_BINARY_DIR}/precompiled_${kind}.cc)
  file(GENERATE OUTPUT ${source} CONTENT "// Its headers are the point.\n")
  add_library(nascent_precompiled_${kind} STATIC ${source})
  target_precompile_headers(nascent_precompiled_${kind} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled.h)
  target_link_libraries(nascent_precompiled_${kind} PRIVATE nascent_proto nascent_options)
endforeach()
target_compile_options(nascent_precompiled_computes PRIVATE -O1)
target_compile_options(nascent_precompiled_tests PRIVATE -O0)
target_link_libraries(nascent_precompiled_tests PRIVATE GTest::gmock)
target_precompile_headers(nascent_precompiled_tests PRIVATE <gmock/gmock.h> <gtest/gtest.h>)

function(nascent_precompiled target kind)
  target_precompile_headers(${target} REUSE_FROM nascent_precompiled_${kind})
endfunction()
