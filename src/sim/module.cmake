# SPDX-License-Identifier: Apache-2.0

# The disks of its replicas.
target_link_libraries(titer_sim PUBLIC titer_store_simulated)

# The page of a trace lies in the program as it is (trace_blob.cc).
set_source_files_properties(${dir}/trace_blob.cc PROPERTIES
  COMPILE_DEFINITIONS "TITER_TRACE_PAGE=\"${dir}/trace_page\""
  OBJECT_DEPENDS "${dir}/trace_page.html;${dir}/trace_page.js;${dir}/trace_page_panel.js")

# The registry's model, with which the simulator compares (reference.h).
file(GLOB model CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/registry/testing/*.cc)
target_sources(titer_sim PRIVATE ${model})

# Mutants: the modules that keep the rules of base/rules.h are compiled once more so that single ones can be switched off, and
# the simulator must notice. Without the invariants inside of smr: the checkers outside have to see it.
file(GLOB mutable CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/smr/*.cc ${PROJECT_SOURCE_DIR}/src/machine/*.cc
  ${PROJECT_SOURCE_DIR}/src/store/*.cc ${PROJECT_SOURCE_DIR}/src/node/*.cc ${PROJECT_SOURCE_DIR}/src/registry/*.cc
  ${PROJECT_SOURCE_DIR}/src/client/*.cc ${dir}/*.cc)
list(FILTER mutable EXCLUDE REGEX "_test[.]cc$")
set(view ${PROJECT_SOURCE_DIR}/src/view)
add_executable(titer_sim_mutants EXCLUDE_FROM_ALL ${mutable}
  ${view}/restart.cc ${view}/startup_step.cc ${view}/startup_course.cc ${view}/cluster_record.cc ${view}/cell_register.cc
  ${PROJECT_SOURCE_DIR}/src/cluster/supervisor_policy.cc ${model} ${dir}/testing/mutants.cc)
target_compile_definitions(titer_sim_mutants PRIVATE TITER_MUTANTS)
target_compile_options(titer_sim_mutants PRIVATE -UTITER_INVARIANTS -O2)
target_link_libraries(titer_sim_mutants PRIVATE titer_flags titer_base titer_wire titer_view titer_check
  titer_store_simulated titer_build_info Boost::json spdlog::spdlog)
