# SPDX-License-Identifier: Apache-2.0

# With TITER_MUTANTS single rules of the protocol can be switched off (rules.h), so that the schedules of testing/ are tested by
# the same program that runs them with all rules on.
if(TITER_MUTANTS)
  target_compile_definitions(titer_smr PUBLIC TITER_MUTANTS)
endif()
if(TITER_TESTS)
  file(GLOB schedule CONFIGURE_DEPENDS ${dir}/testing/*.cc)
  if(NOT TITER_MUTANTS)
    list(REMOVE_ITEM schedule ${dir}/testing/mutants_test.cc)
  endif()
  target_sources(smr_test PRIVATE ${schedule})
endif()
