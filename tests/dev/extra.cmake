# `baton dev` as people meet it, and what the README tells newcomers to type.
if(TARGET baton)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  foreach(name dev readme)
    add_test(NAME dev_mode_${name}
             COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/test_${name}.py
                     $<TARGET_FILE:baton>)
    set_tests_properties(dev_mode_${name} PROPERTIES LABELS dev TIMEOUT 900)
  endforeach()
endif()
