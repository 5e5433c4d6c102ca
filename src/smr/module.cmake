# SPDX-License-Identifier: Apache-2.0

# The schedules of testing/ run twice: in smr_test with the module as it ships, and in smr_mutants_test with the
# module compiled once more so that single rules of the protocol can be switched off (rules.h).
if(TITER_TESTS AND TARGET smr_test)
  file(GLOB schedule CONFIGURE_DEPENDS ${dir}/testing/*.cc)
  file(GLOB mutant_tests CONFIGURE_DEPENDS ${dir}/testing/*_test.cc)
  list(REMOVE_ITEM schedule ${mutant_tests})
  target_sources(smr_test PRIVATE ${schedule})

  add_executable(smr_mutants_test ${mutant_tests} ${schedule} ${sources})
  target_compile_definitions(smr_mutants_test PRIVATE TITER_MUTANTS)
  set_target_properties(smr_mutants_test PROPERTIES UNITY_BUILD OFF)
  target_link_libraries(smr_mutants_test PRIVATE titer_flags titer_base GTest::gtest GTest::gtest_main)
  gtest_discover_tests(smr_mutants_test TEST_PREFIX smr. DISCOVERY_TIMEOUT 60 PROPERTIES LABELS unit)
endif()
