# SPDX-License-Identifier: Apache-2.0

# The description of the interface lies in the program as it is (openapi_blob.cc).
set_source_files_properties(${dir}/openapi_blob.cc PROPERTIES
  COMPILE_DEFINITIONS "TITER_OPENAPI=\"${PROJECT_SOURCE_DIR}/docs/reference/openapi.json\""
  OBJECT_DEPENDS "${PROJECT_SOURCE_DIR}/docs/reference/openapi.json")

# Files of routes have handlers and tables of the same names: each is compiled by itself.
file(GLOB routes ${dir}/*_routes.cc ${dir}/site_*.cc)
set_source_files_properties(${routes} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
