# SPDX-License-Identifier: Apache-2.0

# Helpers that only the tests use.
if(TITER_TESTS)
  target_sources(view_test PRIVATE ${CMAKE_CURRENT_LIST_DIR}/testing/fake_etcd.cc
                                   ${CMAKE_CURRENT_LIST_DIR}/testing/fake_http.cc)
endif()

# The mutants of the simulator bring their own (src/sim/module.cmake), which only works while they are object files of their own.
set_source_files_properties(${dir}/restart.cc ${dir}/startup_step.cc ${dir}/startup_course.cc ${dir}/cluster_record.cc
                            ${dir}/cell_register.cc PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
