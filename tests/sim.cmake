# The simulator: unit tests of its parts, and the runs from seeds.
foreach(name test_sim_broker test_sim_group test_sim_store)
  add_executable(${name} sim/${name}.c sim/fixture.c)
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_compile_options(${name} PRIVATE ${test_options})
  target_link_libraries(${name} PRIVATE baton_sim PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 60)
endforeach()
