# SPDX-License-Identifier: Apache-2.0

# Helpers that only the tests use.
if(TITER_TESTS)
  target_sources(view_test PRIVATE ${CMAKE_CURRENT_LIST_DIR}/testing/fake_etcd.cc)
endif()
