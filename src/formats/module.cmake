# SPDX-License-Identifier: Apache-2.0

# The tests read real files, and state properties.
if(TITER_TESTS AND TARGET formats_test)
  find_package(rapidcheck REQUIRED)
  target_link_libraries(formats_test PRIVATE rapidcheck)
  target_compile_definitions(formats_test PRIVATE TITER_DATA_DIR="${PROJECT_SOURCE_DIR}/data")
endif()
