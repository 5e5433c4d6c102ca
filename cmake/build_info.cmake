# SPDX-License-Identifier: Apache-2.0

# The definition of titer::build_info() (src/base/build_info.h). Included by CMakeLists.txt it adds the library
# titer_build_info; run as a script (cmake -P), at the start of every build, it writes the library's one file, and the same as
# build_info.json for packaging/, each if it would change.
#
# Commit and date are git's. A source archive made by `git archive` has them in .commit. Elsewhere both are "unknown", or the
# date is that of SOURCE_DATE_EPOCH.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(build_info ${PROJECT_BINARY_DIR}/build_info.cc)
  add_custom_target(titer_build_info_file BYPRODUCTS ${build_info} ${PROJECT_BINARY_DIR}/build_info.json
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DVERSION=${PROJECT_VERSION}
            -DARCHITECTURE=${CMAKE_SYSTEM_PROCESSOR} -DOUTPUT=${PROJECT_BINARY_DIR}/build_info
            -P ${CMAKE_CURRENT_LIST_FILE}
    VERBATIM)
  add_library(titer_build_info STATIC ${build_info})
  target_link_libraries(titer_build_info PUBLIC titer_flags)
  add_dependencies(titer_build_info titer_build_info_file)
  set_target_properties(titer_build_info PROPERTIES DISABLE_PRECOMPILE_HEADERS ON UNITY_BUILD OFF)
  return()
endif()

set(ENV{GIT_OPTIONAL_LOCKS} 0)
set(revision unknown)
set(commit unknown)
set(date unknown)
set(dirty "")
# The tree must be a repository of its own: another one may lie around an unpacked archive.
execute_process(COMMAND git -C ${SOURCE} rev-parse --show-cdup OUTPUT_VARIABLE up RESULT_VARIABLE failed ERROR_QUIET
                OUTPUT_STRIP_TRAILING_WHITESPACE)
if(failed EQUAL 0 AND up STREQUAL "")
  execute_process(COMMAND git -C ${SOURCE} log -1 "--format=%H %ct" OUTPUT_VARIABLE head ERROR_QUIET)
  execute_process(COMMAND git -C ${SOURCE} diff --quiet HEAD RESULT_VARIABLE changed ERROR_QUIET)
  if(changed EQUAL 1)
    set(dirty -dirty)
  endif()
else()
  file(READ ${SOURCE}/.commit head)
endif()
if(head MATCHES "^([0-9a-f]+) ([0-9]+)")
  set(revision ${CMAKE_MATCH_1}${dirty})
  string(SUBSTRING ${CMAKE_MATCH_1} 0 7 commit)
  string(APPEND commit "${dirty}")
  set(ENV{SOURCE_DATE_EPOCH} ${CMAKE_MATCH_2})  # what string(TIMESTAMP) takes for now
endif()
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  string(TIMESTAMP date "%Y-%m-%d" UTC)
endif()
file(CONFIGURE OUTPUT ${OUTPUT}.cc @ONLY CONTENT [[
// Written by cmake/build_info.cmake.
#include "base/build_info.h"

namespace titer {

BuildInfo build_info() { return {"@VERSION@", "@commit@", "@date@"}; }

}  // namespace titer
]])
file(CONFIGURE OUTPUT ${OUTPUT}.json @ONLY CONTENT
     [[{"version":"@VERSION@","revision":"@revision@","date":"@date@","architecture":"@ARCHITECTURE@"}
]])
