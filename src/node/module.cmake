# SPDX-License-Identifier: Apache-2.0

# A world that the tests hold in their hands.
if(TITER_TESTS)
  target_sources(node_test PRIVATE ${PROJECT_SOURCE_DIR}/src/net/testing/fake_environment.cc)
  target_link_libraries(node_test PRIVATE titer_store_simulated)
endif()
