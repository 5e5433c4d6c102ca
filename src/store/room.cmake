# Measures; built when asked for (bench/README.md).
add_executable(tables_bench EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/bench/tables.cc)
target_link_libraries(tables_bench PRIVATE titer_store)

# The disks of the tests.
if(TITER_TESTS AND TARGET store_test)
  file(GLOB disks CONFIGURE_DEPENDS ${dir}/testing/*.cc)
  target_sources(store_test PRIVATE ${disks})
endif()
