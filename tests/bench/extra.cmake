# Programs that measure; not tests: what they print depends on the machine. Built without sanitizers
# (the preset release). Those that link bench_kit drive the whole program: ops/bench runs them, and so
# does a test, which only asks whether they work. The others are run by hand. What each links stands
# in its first line.
add_library(bench_kit STATIC ${CMAKE_CURRENT_LIST_DIR}/kit.c)
target_include_directories(bench_kit PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(bench_kit PUBLIC PkgConfig::RDKAFKA Threads::Threads)

file(GLOB benches CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/bench_*.c)
foreach(source ${benches})
  get_filename_component(name ${source} NAME_WE)
  file(STRINGS ${source} links REGEX "^/\\* links: " LIMIT_COUNT 1)
  string(REGEX REPLACE "^/\\* links: ([a-z_ ]*) \\*/.*$" "\\1" libraries "${links}")
  separate_arguments(libraries)
  add_executable(${name} EXCLUDE_FROM_ALL ${source})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${libraries})
  # "wraps:" in the second line names functions that the program puts something around.
  file(STRINGS ${source} wraps REGEX "^/\\* wraps: " LIMIT_COUNT 1)
  string(REGEX REPLACE "^/\\* wraps: ([a-z_ ]*) \\*/.*$" "\\1" wraps "${wraps}")
  separate_arguments(wraps)
  list(TRANSFORM wraps PREPEND "-Wl,--wrap=")
  target_link_options(${name} PRIVATE ${wraps})
  if("bench_kit" IN_LIST libraries)
    # The macros of rd_kafka_producev() check the types of their arguments by a GNU expression.
    target_compile_options(${name} PRIVATE
                           $<$<C_COMPILER_ID:Clang>:-Wno-gnu-statement-expression>)
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL OFF)
  endif()
endforeach()
