# What is no unit test: each folder below tests/ adds its own, if it has an extra.cmake.
file(GLOB folders CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*/extra.cmake)
foreach(extra ${folders})
  include(${extra})
endforeach()

find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME tidy_rules COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/test_tidy.py)
add_test(NAME tree_is_tidy COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/tidy.py)
set_tests_properties(tidy_rules tree_is_tidy PROPERTIES LABELS lint TIMEOUT 120)
