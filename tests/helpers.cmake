# SPDX-License-Identifier: Apache-2.0

# What tests need beside titer, built as titer is: a network between hosts (hosts/switch.cc), what is preloaded into titer
# (a disk that fails, clocks that run askew, jump or stand still), and the simulator with rules that can be taken out (src/sim/module.cmake).
add_executable(titer_switch EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/hosts/switch.cc)
add_library(titer_slewed_clock MODULE EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/hosts/slewed_clock.cc)
add_library(titer_failing_disk MODULE EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/e2e/failing_disk.cc)
add_library(titer_bent_clock MODULE EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/e2e/bent_clock.cc)
foreach(helper titer_switch titer_slewed_clock titer_failing_disk titer_bent_clock)
  target_link_libraries(${helper} PRIVATE titer_flags ${CMAKE_DL_LIBS})
  target_compile_options(${helper} PRIVATE -fvisibility=default)  # what is preloaded takes the place of the libc's
  set_target_properties(${helper} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
endforeach()
add_custom_target(test_helpers DEPENDS titer_switch titer_slewed_clock titer_failing_disk titer_bent_clock titer_sim_mutants)
