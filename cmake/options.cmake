# What all our C++ shares, with libtorch or without: standard, warnings, optimisation, sanitizers.
set(GPTORCH_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")

get_filename_component(_native "${CMAKE_CURRENT_LIST_DIR}/../native" ABSOLUTE)

# Options go on the targets: cmake-js drops CMAKE_CXX_FLAGS.
add_library(gptorch_options INTERFACE)
target_compile_features(gptorch_options INTERFACE cxx_std_20)
target_include_directories(gptorch_options INTERFACE "${_native}")
target_compile_options(gptorch_options INTERFACE -Wall -Wextra)

if(GPTORCH_SANITIZE)
  # -O1: stacks that can be read, and half the time to compile.
  set(_sanitize -fsanitize=${GPTORCH_SANITIZE} -fno-omit-frame-pointer -g1 -O1)
  if(GPTORCH_SANITIZE MATCHES undefined)
    # vptr needs the type information that torch's hidden classes do not export.
    list(APPEND _sanitize -fno-sanitize=vptr)
  endif()
  target_compile_options(gptorch_options INTERFACE ${_sanitize})
  target_link_options(gptorch_options INTERFACE ${_sanitize})
  # Bounds of vectors and the like; and the faults of test/native/planted_faults.h, which must be found.
  target_compile_definitions(gptorch_options INTERFACE _GLIBCXX_ASSERTIONS GPTORCH_PLANTED_FAULTS)
  get_filename_component(_tests "${CMAKE_CURRENT_LIST_DIR}/../test/native" ABSOLUTE)
  target_include_directories(gptorch_options INTERFACE "${_tests}")
else()
  target_compile_options(gptorch_options INTERFACE $<$<CONFIG:Release>:-O3>)
endif()
