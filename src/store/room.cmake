# The disk of the tests.
if(TITER_TESTS AND TARGET store_test)
  target_sources(store_test PRIVATE ${dir}/testing/fake_files.cc)
endif()
