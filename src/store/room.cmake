# Measures; built when asked for (bench/README.md).
add_executable(tables_bench EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/bench/tables.cc)
target_link_libraries(tables_bench PRIVATE titer_store)
