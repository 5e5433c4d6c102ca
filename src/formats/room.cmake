# The tests read real files.
if(TITER_TESTS AND TARGET formats_test)
  target_compile_definitions(formats_test PRIVATE TITER_DATA_DIR="${PROJECT_SOURCE_DIR}/data")
endif()
