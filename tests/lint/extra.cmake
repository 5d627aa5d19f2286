# What the commands that look at flow files print. What they find is held by tests/unit/test_lint.c.
if(TARGET baton)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME lint_commands
           COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/test_commands.py
                   $<TARGET_FILE:baton>)
  set_tests_properties(lint_commands PROPERTIES LABELS lint TIMEOUT 120)
  add_test(NAME lint_against
           COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/test_against.py
                   $<TARGET_FILE:baton>)
  set_tests_properties(lint_against PROPERTIES LABELS lint TIMEOUT 120)
  add_test(NAME lint_migrate
           COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/test_migrate.py
                   $<TARGET_FILE:baton>)
  set_tests_properties(lint_migrate PROPERTIES LABELS lint TIMEOUT 120)
  # These ask outside judges, which ops/deps --test installs.
  foreach(name findings sarif schema editor registry)
    add_test(NAME lint_${name}
             COMMAND ${CMAKE_SOURCE_DIR}/.deps/venv/bin/python
                     ${CMAKE_CURRENT_LIST_DIR}/test_${name}.py $<TARGET_FILE:baton>)
    set_tests_properties(lint_${name} PROPERTIES LABELS lint TIMEOUT 300)
  endforeach()
endif()
