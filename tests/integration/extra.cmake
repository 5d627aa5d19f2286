# Every tests/integration/test_*.py is one test. Those that need no servers of their own share one
# Kafka and one Redis, which a fixture starts before the first and stops after the last; they find
# them in KAFKA_BROKERS and REDIS_URL. If both are set from outside, none are started.
set(python ${CMAKE_SOURCE_DIR}/.deps/venv/bin/python)
set(shared ${python} ${CMAKE_SOURCE_DIR}/tests/support/integration.py)
set(servers ${CMAKE_BINARY_DIR}/servers)

file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/test_*.py)
if(scripts)
  add_test(NAME servers_up COMMAND ${shared} up ${servers})
  add_test(NAME servers_down COMMAND ${shared} down ${servers})
  set_tests_properties(servers_up PROPERTIES FIXTURES_SETUP servers LABELS integration TIMEOUT 200)
  set_tests_properties(servers_down PROPERTIES FIXTURES_CLEANUP servers LABELS integration
                                               TIMEOUT 120)
endif()
foreach(script ${scripts})
  get_filename_component(name ${script} NAME_WE)
  string(REGEX REPLACE "^test_" "integration_" name ${name})
  add_test(NAME ${name} COMMAND ${shared} run ${servers} ${script})
  set(environment BATON_SOURCE_DIR=${CMAKE_SOURCE_DIR})
  if(TARGET baton)
    list(APPEND environment BATON=$<TARGET_FILE:baton>)
  endif()
  if(TARGET baton-faulty)
    list(APPEND environment BATON_FAULTY=$<TARGET_FILE:baton-faulty>)
  endif()
  set_tests_properties(
    ${name} PROPERTIES LABELS integration TIMEOUT 400 FIXTURES_REQUIRED servers
                       ENVIRONMENT "${environment}")
endforeach()
# Takes three minutes on two cores of its own, and more where others work as well.
if(TEST integration_kill_load)
  set_tests_properties(integration_kill_load PROPERTIES TIMEOUT 700)
endif()
