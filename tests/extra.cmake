# What is no unit test: each folder below tests/ adds its own, if it has an extra.cmake.
file(GLOB folders CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*/extra.cmake)
foreach(extra ${folders})
  include(${extra})
endforeach()

include(${CMAKE_CURRENT_SOURCE_DIR}/adapter.cmake)

find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME tidy_rules COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/test_tidy.py)
add_test(NAME tree_is_tidy COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/tidy.py)
set_tests_properties(tidy_rules tree_is_tidy PROPERTIES LABELS lint TIMEOUT 120)

get_target_property(kind baton_core TYPE)
if(kind STREQUAL STATIC_LIBRARY)
  set(archives $<TARGET_FILE:baton_core>)
  foreach(below base json expr model)
    list(APPEND archives $<TARGET_FILE:baton_${below}>)
  endforeach()
  add_test(NAME core_is_pure COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/core_is_pure.py
                                     ${archives})
  set_tests_properties(core_is_pure PROPERTIES LABELS lint TIMEOUT 60)
endif()
