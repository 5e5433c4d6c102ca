# One module of src/ is one static library `titer_<module>` of every .cc in it, and one test program
# `<module>_test` of every _test.cc. The links named here are the only includes a module may use;
# tests/layering_test.py reads the includes and holds them to this list.

# Options in $<BUILD_INTERFACE> are ours alone; the others also hold for programs that use the installed client
# library.
add_library(titer_flags INTERFACE)
target_include_directories(titer_flags INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
                                                 $<INSTALL_INTERFACE:include/titer>)
target_include_directories(titer_flags SYSTEM INTERFACE $<BUILD_INTERFACE:${XXHASH_INCLUDE_DIR}>)
target_compile_features(titer_flags INTERFACE cxx_std_20)
target_compile_definitions(titer_flags INTERFACE $<BUILD_INTERFACE:XXH_INLINE_ALL> BOOST_ASIO_NO_DEPRECATED)
target_compile_options(titer_flags INTERFACE
  "$<BUILD_INTERFACE:-Wall;-Wextra;-Wpedantic;-Wconversion;-Wshadow;-Wnon-virtual-dtor>")
target_link_libraries(titer_flags INTERFACE Boost::headers fmt::fmt)
if(TITER_WERROR)
  target_compile_options(titer_flags INTERFACE $<BUILD_INTERFACE:-Werror>)
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
endif()

# The modules from `net` upwards read Asio's headers in nearly every file: under the sanitizers that is 4 to 5 of the 5 to 24
# seconds that a file takes. Read once here. Others' headers only, so nothing of ours makes a whole module compile again. The preset `dev` goes without:
# there a file that relies on another one's includes is found out.
function(titer_read_once target)
  target_precompile_headers(${target} PRIVATE
    <boost/asio/generic/stream_protocol.hpp> <boost/asio/io_context.hpp> <boost/asio/ip/tcp.hpp>
    <boost/asio/local/stream_protocol.hpp> <boost/asio/steady_timer.hpp> <boost/unordered/unordered_flat_map.hpp>
    <fmt/format.h>)
endfunction()

function(titer_module name)
  cmake_parse_arguments(ARG "" "" "MODULES;LIBRARIES" ${ARGN})
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
    if("net" STREQUAL name OR "titer_net" IN_LIST ARG_MODULES)
      titer_read_once(titer_${name})
    endif()
  else()
    add_library(titer_${name} INTERFACE)
    target_link_libraries(titer_${name} INTERFACE titer_flags ${ARG_MODULES} ${ARG_LIBRARIES})
  endif()
  if(TITER_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE titer_${name} GTest::gtest GTest::gtest_main)
    gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60 PROPERTIES LABELS unit)
  endif()
  # What one module needs beyond the others, next to its sources.
  include(${dir}/module.cmake OPTIONAL)
endfunction()
