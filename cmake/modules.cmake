# SPDX-License-Identifier: Apache-2.0

# One module of src/ is one static library `titer_<module>` of every .cc in it, and one test program
# `<module>_test` of every _test.cc. The links named here are the only includes a module may use;
# tests/layering_test.py reads the includes and holds them to this list.

add_library(titer_flags INTERFACE)
target_include_directories(titer_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_include_directories(titer_flags SYSTEM INTERFACE ${XXHASH_INCLUDE_DIR})
target_compile_features(titer_flags INTERFACE cxx_std_20)
target_compile_definitions(titer_flags INTERFACE XXH_INLINE_ALL BOOST_ASIO_NO_DEPRECATED)
target_compile_options(titer_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor)
target_link_libraries(titer_flags INTERFACE Boost::headers fmt::fmt)
# GCC's -Wconversion does not mean signs either.
target_compile_options(titer_flags INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-sign-conversion>)
# A class of one file may use that file's anonymous namespace also when several files are compiled as one.
if(CMAKE_UNITY_BUILD)
  target_compile_options(titer_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(TITER_WERROR)
  target_compile_options(titer_flags INTERFACE -Werror)
endif()
if(TITER_INVARIANTS)
  target_compile_definitions(titer_flags INTERFACE TITER_INVARIANTS)
endif()
if(TITER_SANITIZE)
  target_compile_options(titer_flags INTERFACE -fsanitize=${TITER_SANITIZE} -fno-omit-frame-pointer
                                               -fno-sanitize-recover=all)
  target_link_options(titer_flags INTERFACE -fsanitize=${TITER_SANITIZE})
  # GCC warns of uninitialized values falsely in code that the sanitizers have instrumented.
  target_compile_options(titer_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  # What clang's sanitizers find names lines only with this; GCC's need none.
  find_program(TITER_SYMBOLIZER NAMES llvm-symbolizer-14 llvm-symbolizer)
  if(TITER_SYMBOLIZER)
    set(TITER_SANITIZER_ENVIRONMENT ASAN_SYMBOLIZER_PATH=${TITER_SYMBOLIZER} UBSAN_OPTIONS=print_stacktrace=1)
  endif()
endif()

# Headers of others that nearly every file reads, read once for all targets. None of ours are among them, so a change of
# ours never compiles everything again. A file that relies on another one's includes is found by `./dev tidy FILES`, whose
# tree goes without.
file(WRITE ${PROJECT_BINARY_DIR}/precompiled.cc "")
# Without a time in clang's, so that the cache of compilations knows it again.
target_compile_options(titer_flags INTERFACE "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
add_library(titer_precompiled OBJECT ${PROJECT_BINARY_DIR}/precompiled.cc)
target_link_libraries(titer_precompiled PRIVATE titer_flags Threads::Threads)
target_precompile_headers(titer_precompiled PRIVATE
  <algorithm> <array> <cstdint> <functional> <map> <memory> <optional> <set> <span> <string> <string_view> <variant> <vector>
  <boost/asio/generic/stream_protocol.hpp> <boost/asio/io_context.hpp> <boost/asio/ip/tcp.hpp>
  <boost/asio/local/stream_protocol.hpp> <boost/asio/steady_timer.hpp> <boost/unordered/unordered_flat_map.hpp>
  <fmt/format.h>)
function(titer_read_once target)
  target_precompile_headers(${target} REUSE_FROM titer_precompiled)
endfunction()

# A test program becomes `shards` entries of ctest, which run in parallel and have every shards-th test each: starting a
# program takes longer than most tests. The output that ctest shows names the test that failed.
function(titer_unit_test name shards)
  math(EXPR last "${shards} - 1")
  foreach(shard RANGE ${last})
    set(test unit.${name})
    if(shards GREATER 1)
      math(EXPR number "${shard} + 1")
      string(APPEND test .${number}of${shards})
    endif()
    add_test(NAME ${test} COMMAND ${name}_test)
    set(environment GTEST_TOTAL_SHARDS=${shards} GTEST_SHARD_INDEX=${shard} ${TITER_SANITIZER_ENVIRONMENT})
    set_tests_properties(${test} PROPERTIES LABELS unit TIMEOUT 600 ENVIRONMENT "${environment}")
  endforeach()
endfunction()

# SHARDS: for a test program that takes long.
function(titer_module name)
  cmake_parse_arguments(ARG "" "SHARDS" "MODULES;LIBRARIES" ${ARGN})
  set(dir ${PROJECT_SOURCE_DIR}/src/${name})
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cc)
  file(GLOB tests CONFIGURE_DEPENDS ${dir}/*_test.cc)
  if(tests)
    list(REMOVE_ITEM sources ${tests})
  endif()
  list(TRANSFORM ARG_MODULES PREPEND titer_)
  if(sources)
    add_library(titer_${name} STATIC ${sources})
    target_link_libraries(titer_${name} PUBLIC titer_flags ${ARG_MODULES} ${ARG_LIBRARIES})
    titer_read_once(titer_${name})
  else()
    add_library(titer_${name} INTERFACE)
    target_link_libraries(titer_${name} INTERFACE titer_flags ${ARG_MODULES} ${ARG_LIBRARIES})
  endif()
  if(TITER_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE titer_${name} GTest::gtest GTest::gtest_main)
    titer_read_once(${name}_test)
    if(NOT ARG_SHARDS)
      set(ARG_SHARDS 1)
    endif()
    titer_unit_test(${name} ${ARG_SHARDS})
  endif()
  # What one module needs beyond the others, next to its sources.
  include(${dir}/module.cmake OPTIONAL)
endfunction()
