# What `baton verify` prints and how it ends. What it finds is held by tests/unit/test_verify.c.
if(TARGET baton)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME verify_command
           COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/test_verify.py
                   $<TARGET_FILE:baton> $<IF:$<BOOL:${BATON_SANITIZE}>,checked,optimised>)
  set_tests_properties(verify_command PROPERTIES LABELS lint TIMEOUT 300)
endif()
