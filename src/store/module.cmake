# SPDX-License-Identifier: Apache-2.0

# Measures; built when asked for (bench/README.md).
add_executable(tables_bench EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/bench/tables.cc)
target_link_libraries(tables_bench PRIVATE titer_store)
add_executable(journal_bench EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/bench/journal.cc)
target_link_libraries(journal_bench PRIVATE titer_store)
add_executable(journal_floors EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/bench/journal_floors.cc)
target_link_libraries(journal_floors PRIVATE titer_flags RocksDB::rocksdb-shared uring)

# A disk in memory that misbehaves: for tests, fuzz targets and the simulator.
file(GLOB simulated CONFIGURE_DEPENDS ${dir}/simulated/*.cc)
add_library(titer_store_simulated STATIC ${simulated})
target_link_libraries(titer_store_simulated PUBLIC titer_store)
titer_read_once(titer_store_simulated)

# The disks of the tests.
if(TITER_TESTS AND TARGET store_test)
  file(GLOB disks CONFIGURE_DEPENDS ${dir}/testing/*.cc)
  target_sources(store_test PRIVATE ${disks})
  target_link_libraries(store_test PRIVATE titer_store_simulated)
endif()
