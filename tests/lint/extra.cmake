# The commands that look at flow files; what they find is held by tests/unit/test_lint.c.
if(TARGET baton)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME lint_commands
           COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/test_commands.py
                   $<TARGET_FILE:baton>)
  set_tests_properties(lint_commands PROPERTIES LABELS lint TIMEOUT 120)
endif()
