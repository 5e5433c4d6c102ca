# SPDX-License-Identifier: Apache-2.0

# The bundled tables (data/) become one binary file at build time, which tables_blob.cc takes in as it is.
set(tables ${PROJECT_BINARY_DIR}/registry_tables.bin)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_custom_command(
  OUTPUT ${tables}
  COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/cmake/embed_tables.py ${PROJECT_SOURCE_DIR}/data ${tables}
  DEPENDS ${PROJECT_SOURCE_DIR}/cmake/embed_tables.py
          ${PROJECT_SOURCE_DIR}/data/zip/us_zip_centroids.csv.gz
          ${PROJECT_SOURCE_DIR}/data/codes/treatments.csv
          ${PROJECT_SOURCE_DIR}/data/codes/cvx.csv
          ${PROJECT_SOURCE_DIR}/data/codes/ndc.csv
  COMMENT "packing the tables of products and ZIP codes"
  VERBATIM)
target_sources(titer_registry PRIVATE ${tables})
set_source_files_properties(${dir}/tables_blob.cc PROPERTIES OBJECT_DEPENDS ${tables}
                            COMPILE_DEFINITIONS "TITER_TABLES=\"${tables}\"")
if(TARGET registry_test)
  file(GLOB model CONFIGURE_DEPENDS ${dir}/testing/*.cc)
  target_sources(registry_test PRIVATE ${model})
  target_compile_definitions(registry_test PRIVATE TITER_DATA="${PROJECT_SOURCE_DIR}/data")
  find_package(ZLIB REQUIRED)
  target_link_libraries(registry_test PRIVATE ZLIB::ZLIB)
endif()

# Measures; built when asked for (bench/README.md).
add_executable(queries_bench EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/bench/queries.cc)
target_link_libraries(queries_bench PRIVATE titer_registry)
