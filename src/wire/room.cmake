# Property tests. Debian's librapidcheck-dev ships no CMake package.
if(TITER_TESTS AND TARGET wire_test)
  target_link_libraries(wire_test PRIVATE rapidcheck)
endif()
