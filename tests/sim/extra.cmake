# The simulator: unit tests of its parts, and runs from seeds.
foreach(name test_sim_broker test_sim_group test_sim_store test_sim_services)
  add_executable(${name} ${CMAKE_CURRENT_LIST_DIR}/${name}.c ${CMAKE_CURRENT_LIST_DIR}/fixture.c)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_options(${name} PRIVATE ${test_options})
  target_link_libraries(${name} PRIVATE baton_sim PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 60)
endforeach()

add_executable(baton-sim ${CMAKE_CURRENT_LIST_DIR}/sim_main.c)
target_link_libraries(baton-sim PRIVATE baton_sim)
target_compile_definitions(baton-sim PRIVATE SIM_FLOW="${CMAKE_CURRENT_LIST_DIR}/flows/order.yaml")

# As many seeds as a minute allows: thousands when optimised, hundreds with sanitizers.
add_test(NAME sim_seeds
         COMMAND baton-sim --seeds ${CMAKE_CURRENT_LIST_DIR}/seeds.txt --count 5000 --budget 45)
# A crash at one port call after the other.
add_test(NAME sim_sweep COMMAND baton-sim --sweep --seed 12 --count 2000 --budget 20)
# The same with blocks: forks, loops, repeated and caught lists.
set(blocks --flow ${CMAKE_CURRENT_LIST_DIR}/flows/blocks.yaml)
add_test(NAME sim_blocks_seeds
         COMMAND baton-sim ${blocks} --seeds ${CMAKE_CURRENT_LIST_DIR}/seeds-blocks.txt --count 5000
                 --budget 30)
add_test(NAME sim_blocks_sweep COMMAND baton-sim ${blocks} --sweep --seed 5 --count 2000 --budget 15)
# And with services that are limited: permits are waited for and given back.
set(limits --flow ${CMAKE_CURRENT_LIST_DIR}/flows/limits.yaml)
add_test(NAME sim_limits_seeds COMMAND baton-sim ${limits} --count 5000 --budget 20)
add_test(NAME sim_limits_sweep COMMAND baton-sim ${limits} --sweep --seed 9 --count 2000 --budget 15)
# And with messages that carry another identity, so that they come by way of an alias.
add_test(NAME sim_identities_seeds
         COMMAND baton-sim --flow ${CMAKE_CURRENT_LIST_DIR}/flows/identities.yaml --count 5000 --budget 20)
# And with flows within flows: children on other partitions, with children of their own.
foreach(name parents piece leaf)
  list(APPEND children --flow ${CMAKE_CURRENT_LIST_DIR}/flows/${name}.yaml)
endforeach()
add_test(NAME sim_children_seeds COMMAND baton-sim ${children} --count 5000 --budget 25)
add_test(NAME sim_children_sweep COMMAND baton-sim ${children} --sweep --seed 3 --count 2000 --budget 15)
# And with runs that go on by another version of their flow, and back.
set(versions --flow ${CMAKE_CURRENT_LIST_DIR}/flows/order.yaml --flow
             ${CMAKE_CURRENT_LIST_DIR}/flows/order-2.yaml)
add_test(NAME sim_versions_seeds COMMAND baton-sim ${versions} --count 5000 --budget 20)
add_test(NAME sim_versions_sweep COMMAND baton-sim ${versions} --sweep --seed 7 --count 2000 --budget 10)
# And with messages that each make a run, one after the other.
set(again --flow ${CMAKE_CURRENT_LIST_DIR}/flows/again.yaml)
add_test(NAME sim_again_seeds
         COMMAND baton-sim ${again} --seeds ${CMAKE_CURRENT_LIST_DIR}/seeds-again.txt --count 5000
                 --budget 20)
# And with messages that are gathered to batches.
add_test(NAME sim_batches_seeds
         COMMAND baton-sim --flow ${CMAKE_CURRENT_LIST_DIR}/flows/batches.yaml --count 5000 --budget 15)
set_tests_properties(sim_seeds sim_sweep sim_blocks_seeds sim_blocks_sweep sim_limits_seeds sim_limits_sweep
                     sim_identities_seeds sim_children_seeds sim_children_sweep sim_versions_seeds
                     sim_versions_sweep sim_again_seeds sim_batches_seeds
                     PROPERTIES LABELS sim TIMEOUT 300)

# Each rule of the engine is needed: without it some seed goes wrong that goes well with it. 17 is
# the look at the clock of rule 7.
foreach(rule 1 2 3 4 5 7 17 8)
  add_test(NAME sim_rule_${rule} COMMAND baton-sim --prove ${rule} --count 2000)
  set_tests_properties(sim_rule_${rule} PROPERTIES LABELS sim TIMEOUT 600)
endforeach()
