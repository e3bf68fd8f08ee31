# How every target of the project is made: one library per folder, nascent::FOLDER, warnings as errors,
# tests beside their sources.

add_library(nascent_options INTERFACE)
target_compile_options(nascent_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror -pthread)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(nascent_options INTERFACE -Wthread-safety)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 takes the unused part of an absl::InlinedVector for uninitialized once it is optimised.
  target_compile_options(nascent_options INTERFACE -Wno-maybe-uninitialized)
endif()
target_include_directories(nascent_options INTERFACE ${CMAKE_SOURCE_DIR})
target_link_libraries(nascent_options INTERFACE Threads::Threads)
if(NASCENT_SANITIZE)
  add_compile_definitions(NASCENT_SANITIZED)
  add_compile_options(-fsanitize=${NASCENT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${NASCENT_SANITIZE})
  if(NASCENT_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
  if(NASCENT_SANITIZE MATCHES "thread")
    # Protobuf's map fields have a member more where a header finds this macro, but Debian's library was
    # built without. What libstdc++ makes of it is said by its own.
    add_compile_options(-U__SANITIZE_THREAD__)
    add_compile_definitions(_GLIBCXX_TSAN=1)
  endif()
  # Not ours, as the libraries it calls are not: generated code takes a third of the time to build when
  # nothing watches it.
  set(nascent_generated_code_options -fno-sanitize=all -O0)
endif()

if(NASCENT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Presets of clang's optimise nothing but the libraries whose tests wait for the processor, and these little.
set(nascent_computes_options)
if(NASCENT_SANITIZE OR (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_BUILD_TYPE STREQUAL "Debug"))
  set(nascent_computes_options -O1)
endif()

include(PrecompiledHeaders)

# nascent_library(NAME SOURCES a.cc … DEPS target … [COMPUTES | COMPUTES_LONG] [TORCH]): the library
# nascent::NAME. DEPS are public. COMPUTES: its tests wait for the processor, so that it is optimised in the
# presets of clang's, too. COMPUTES_LONG: only its long tests do, so that it is under sanitizers, but compiles
# sooner for the edit cycle. TORCH: it includes LibTorch.
function(nascent_library name)
  cmake_parse_arguments(ARG "TORCH;COMPUTES;COMPUTES_LONG" "" "SOURCES;DEPS" ${ARGN})
  add_library(nascent_${name} STATIC ${ARG_SOURCES})
  add_library(nascent::${name} ALIAS nascent_${name})
  target_link_libraries(nascent_${name} PUBLIC ${ARG_DEPS} PRIVATE nascent_options)
  target_include_directories(nascent_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  if(ARG_TORCH)
    set_property(TARGET nascent_${name} PROPERTY JOB_POOL_COMPILE torch_pool)
    nascent_precompiled(nascent_${name} torch)
  elseif(ARG_COMPUTES OR (ARG_COMPUTES_LONG AND NASCENT_SANITIZE))
    target_compile_options(nascent_${name} PRIVATE ${nascent_computes_options})
    nascent_precompiled(nascent_${name} computes)
  else()
    nascent_precompiled(nascent_${name} plain)
  endif()
endfunction()

# nascent_program(NAME SOURCES … DEPS …): an executable in build/PRESET/bin.
function(nascent_program name)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} nascent_options)
  if(ARG_TORCH)
    set_property(TARGET ${name} PROPERTY JOB_POOL_COMPILE torch_pool)
    nascent_precompiled(${name} torch)
  else()
    nascent_precompiled(${name} plain)
  endif()
endfunction()

# nascent_test(NAME SOURCES … DEPS … [LABELS …] [TIMEOUT seconds] [TSAN] [LONG]): a GoogleTest program, one
# ctest entry. TSAN: it is also built by the target tsan_tests and run under the thread sanitizer.
# LONG: it takes more than some seconds, so it begins before the others and is not left alone at the end;
# it has the label "long", which the edit cycle leaves out (tests/edit-cycle).
# Labels: "slow" takes long, "timing" wants the machine for itself; under sanitizers neither is built
# with the rest, as .ci/run leaves both out there.
add_custom_target(tsan_tests)
function(nascent_test name)
  cmake_parse_arguments(ARG "TORCH;TSAN;LONG" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock_main nascent_options)
  if(ARG_TORCH)
    set_property(TARGET ${name} PROPERTY JOB_POOL_COMPILE torch_pool)
    nascent_precompiled(${name} torch_tests)
  else()
    nascent_precompiled(${name} tests)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
    if(ARG_LONG)
      set(ARG_TIMEOUT 900) # on a machine that does other things, too
    endif()
  endif()
  if(ARG_LONG)
    list(APPEND ARG_LABELS long)
  endif()
  if(ARG_TSAN)
    add_dependencies(tsan_tests ${name})
    list(APPEND ARG_LABELS tsan)
  endif()
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
  if(ARG_LONG)
    set_tests_properties(${name} PROPERTIES COST 100)
  endif()
  target_compile_options(${name} PRIVATE -O0)  # builds in two thirds of the time; what it tests is as the preset says
  if(NASCENT_SANITIZE AND ("slow" IN_LIST ARG_LABELS OR "timing" IN_LIST ARG_LABELS))
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  if("timing" IN_LIST ARG_LABELS)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
  endif()
endfunction()
