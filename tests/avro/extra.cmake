# Our Avro against fastavro, which is the oracle; see differential.py.
add_executable(avro_eval ${CMAKE_CURRENT_LIST_DIR}/avro_eval.c)
target_link_libraries(avro_eval PRIVATE baton_codec)

set(avro_python ${CMAKE_SOURCE_DIR}/.deps/venv/bin/python3)
if(EXISTS ${avro_python})
  add_test(NAME avro_differential
           COMMAND ${avro_python} ${CMAKE_CURRENT_LIST_DIR}/differential.py
                   --eval $<TARGET_FILE:avro_eval>)
  set_tests_properties(avro_differential PROPERTIES LABELS unit TIMEOUT 300)
endif()
