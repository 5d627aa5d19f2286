# `baton test`, and the flows of the tree by their own tests.
if(TARGET baton)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME flow_tests_command
           COMMAND ${CMAKE_SOURCE_DIR}/.deps/venv/bin/python
                   ${CMAKE_CURRENT_LIST_DIR}/test_command.py $<TARGET_FILE:baton>)
  set_tests_properties(flow_tests_command PROPERTIES LABELS flows TIMEOUT 300)
  add_test(NAME flow_recorded
           COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/test_recorded.py
                   $<TARGET_FILE:baton>)
  set_tests_properties(flow_recorded PROPERTIES LABELS flows TIMEOUT 300)
  add_test(NAME flow_first_change
           COMMAND ${CMAKE_SOURCE_DIR}/.deps/venv/bin/python
                   ${CMAKE_CURRENT_LIST_DIR}/test_first_change.py $<TARGET_FILE:baton>)
  add_test(NAME workflows_told
           COMMAND ${CMAKE_SOURCE_DIR}/.deps/venv/bin/python
                   ${CMAKE_CURRENT_LIST_DIR}/test_told.py)
  add_test(NAME workflows_check
           COMMAND $<TARGET_FILE:baton> check --strict ${CMAKE_SOURCE_DIR}/workflows)
  add_test(NAME workflows_test
           COMMAND $<TARGET_FILE:baton> test ${CMAKE_SOURCE_DIR}/workflows)
  # Sentences of the language that no flow of workflows/ needs.
  add_test(NAME flow_language
           COMMAND $<TARGET_FILE:baton> test ${CMAKE_CURRENT_LIST_DIR}/language)
  set_tests_properties(flow_language PROPERTIES LABELS flows TIMEOUT 120)
  set_tests_properties(flow_first_change workflows_told workflows_check workflows_test PROPERTIES LABELS flows TIMEOUT 600)
endif()
