# SPDX-License-Identifier: Apache-2.0

# Measures; built when asked for (bench/README.md).
add_executable(memory_bench EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/bench/memory.cc)
target_link_libraries(memory_bench PRIVATE titer_machine)
