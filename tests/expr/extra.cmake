# The expressions against the jq program, which is the oracle; see differential.py.
add_executable(expr_eval ${CMAKE_CURRENT_LIST_DIR}/expr_eval.c)
target_link_libraries(expr_eval PRIVATE baton_expr)

find_program(JQ jq)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
file(GLOB cases CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.txt)
list(FILTER cases EXCLUDE REGEX "/own\\.txt$") # Where jq 1.6 is known to differ.
# jq's own cases; ops/deps fetches them.
set(jq_cases ${CMAKE_SOURCE_DIR}/.deps/jq/jq.test)
if(EXISTS ${jq_cases})
  add_test(NAME expr_conformance
           COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/conformance.py
                   --eval $<TARGET_FILE:expr_eval> --tests ${jq_cases})
  set_tests_properties(expr_conformance PROPERTIES LABELS unit TIMEOUT 60)
endif()
if(JQ)
  add_test(NAME expr_differential
           COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/differential.py
                   --eval $<TARGET_FILE:expr_eval> --jq ${JQ} --cases ${cases})
  set_tests_properties(expr_differential PROPERTIES LABELS unit TIMEOUT 300)
endif()
