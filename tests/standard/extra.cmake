# The standard's grammar: the cases of its public conformance suite that need no network, restated, and
# cases of our own. Each runs in memory, as `baton test` does it.
if(TARGET baton)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME standard_conformance
           COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/test_conformance.py
                   $<TARGET_FILE:baton>)
  # Asks the official SDK, which ops/deps --test installs.
  add_test(NAME standard_export
           COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/test_export.py
                   $<TARGET_FILE:baton>)
  set_tests_properties(standard_conformance standard_export PROPERTIES LABELS lint TIMEOUT 240)
endif()
