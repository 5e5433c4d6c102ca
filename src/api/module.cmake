# SPDX-License-Identifier: Apache-2.0

# The description of the interface lies in the program as it is (openapi_blob.cc).
set_source_files_properties(${dir}/openapi_blob.cc PROPERTIES
  COMPILE_DEFINITIONS "TITER_OPENAPI=\"${PROJECT_SOURCE_DIR}/docs/reference/openapi.json\""
  OBJECT_DEPENDS "${PROJECT_SOURCE_DIR}/docs/reference/openapi.json")
