# The adapters against a real Kafka and a real Redis: each tests/integration/adapter_*.c is one cmocka
# program. They share the servers of the other integration tests (integration/extra.cmake).
file(GLOB adapter_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/integration/adapter_*.c)
list(FILTER adapter_tests EXCLUDE REGEX "/adapter_support\\.c$")
foreach(source ${adapter_tests})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source} ${CMAKE_CURRENT_LIST_DIR}/integration/adapter_support.c)
  target_compile_options(${name} PRIVATE ${test_options})
  target_link_libraries(${name} PRIVATE baton_adapter baton_sim PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND ${shared} run ${servers} $<TARGET_FILE:${name}>)
  set_tests_properties(${name} PROPERTIES LABELS integration TIMEOUT 120 FIXTURES_REQUIRED servers)
endforeach()
