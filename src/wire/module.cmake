# SPDX-License-Identifier: Apache-2.0

# Property tests.
if(TITER_TESTS AND TARGET wire_test)
  find_package(rapidcheck REQUIRED)
  target_link_libraries(wire_test PRIVATE rapidcheck)
endif()
