# The adapters against a real Kafka and a real Redis. The servers are started once for all of these,
# unless KAFKA_BROKERS and REDIS_URL name others.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(adapter_run ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/integration/adapter_run.py
                --dir ${CMAKE_BINARY_DIR}/adapter-servers)
add_test(NAME adapter_servers_start COMMAND ${adapter_run} start)
add_test(NAME adapter_servers_stop COMMAND ${adapter_run} stop)
set_tests_properties(adapter_servers_start PROPERTIES LABELS integration TIMEOUT 120
                     FIXTURES_SETUP adapter_servers)
set_tests_properties(adapter_servers_stop PROPERTIES LABELS integration TIMEOUT 60
                     FIXTURES_CLEANUP adapter_servers)

file(GLOB adapter_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/integration/adapter_*.c)
list(FILTER adapter_tests EXCLUDE REGEX "/adapter_support\\.c$")
foreach(source ${adapter_tests})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source} ${CMAKE_SOURCE_DIR}/tests/integration/adapter_support.c)
  target_compile_options(${name} PRIVATE ${test_options})
  target_link_libraries(${name} PRIVATE baton_adapter PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND ${adapter_run} run $<TARGET_FILE:${name}>)
  set_tests_properties(${name} PROPERTIES LABELS integration TIMEOUT 120
                       FIXTURES_REQUIRED adapter_servers)
endforeach()
