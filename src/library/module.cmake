# SPDX-License-Identifier: Apache-2.0

# The installed library: this module and what it links, as one shared object with nothing visible but include/titer.
target_include_directories(titer_library PUBLIC ${PROJECT_SOURCE_DIR}/include)
target_compile_definitions(titer_library PUBLIC TITER_BUILDS_LIBRARY)

# Until 1.0 a minor version may change anything, so it is part of the library's name.
set(soversion ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
file(STRINGS ${PROJECT_SOURCE_DIR}/include/titer/result.h declared REGEX "^#define TITER_VERSION_M")
string(REGEX REPLACE "[^0-9]+" "." declared "${declared}")
if(NOT declared STREQUAL ".${soversion}")
  message(FATAL_ERROR "include/titer/result.h declares version ${declared}, the project has ${soversion}: "
                      "change the macros and the namespace there")
endif()

add_library(titer_shared SHARED $<TARGET_OBJECTS:titer_library>)
target_link_libraries(titer_shared PRIVATE titer_client)
target_include_directories(titer_shared INTERFACE $<INSTALL_INTERFACE:include>)
target_compile_features(titer_shared INTERFACE cxx_std_20)
target_link_options(titer_shared PRIVATE LINKER:--version-script=${dir}/exports.map)
set_target_properties(titer_shared PROPERTIES
  OUTPUT_NAME titer EXPORT_NAME client VERSION ${soversion} SOVERSION ${soversion} LINK_DEPENDS ${dir}/exports.map)
