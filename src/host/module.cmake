# SPDX-License-Identifier: Apache-2.0

# The register of a replica that a test starts; and a world that a test holds in its hands.
if(TITER_TESTS)
  target_sources(host_test PRIVATE ${PROJECT_SOURCE_DIR}/src/view/testing/fake_etcd.cc
                                   ${PROJECT_SOURCE_DIR}/src/view/testing/fake_http.cc
                                   ${PROJECT_SOURCE_DIR}/src/net/testing/fake_environment.cc)
endif()
