# What all our libraries share: standard, warnings, optimisation, place of the output.

# Options go on the targets: cmake-js drops CMAKE_CXX_FLAGS.
add_library(gptorch_options INTERFACE)
target_compile_features(gptorch_options INTERFACE cxx_std_20)
target_include_directories(gptorch_options INTERFACE "${CMAKE_SOURCE_DIR}/native")
target_compile_options(gptorch_options INTERFACE -Wall -Wextra $<$<CONFIG:Release>:-O3>)

if(GPTORCH_SANITIZE)
  # vptr needs the type information that torch's hidden classes do not export.
  set(_sanitize -fsanitize=${GPTORCH_SANITIZE} -fno-omit-frame-pointer -g)
  if(GPTORCH_SANITIZE MATCHES undefined)
    list(APPEND _sanitize -fno-sanitize=vptr)
  endif()
  target_compile_options(gptorch_options INTERFACE ${_sanitize})
  target_link_options(gptorch_options INTERFACE ${_sanitize})
endif()

# at::parallel_for is an OpenMP pragma in a header: without the flag our kernels would run serial, silently.
add_library(gptorch_torch_options INTERFACE)
find_package(OpenMP REQUIRED COMPONENTS CXX)
target_link_libraries(gptorch_torch_options INTERFACE gptorch_options Libtorch::torch_cpu Libtorch::c10 OpenMP::OpenMP_CXX)
# Torch's own headers then include single operators instead of all of them.
target_compile_definitions(gptorch_torch_options INTERFACE
  AT_PER_OPERATOR_HEADERS GPTORCH_TORCH_VERSION="${Libtorch_VERSION}")

set(GPTORCH_OUTPUT "${CMAKE_BINARY_DIR}/Release")

# gptorch_library(<target> <rpath, may be empty>): output folder and run path. No path of the build machine stays in a library.
function(gptorch_library target rpath)
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF
    LIBRARY_OUTPUT_DIRECTORY "${GPTORCH_OUTPUT}"
    BUILD_WITH_INSTALL_RPATH ON
    INSTALL_RPATH "${rpath}"
    INSTALL_RPATH_USE_LINK_PATH OFF
    VISIBILITY_INLINES_HIDDEN ON)
endfunction()

# gptorch_addon(<target>): a library that Node opens. Its napi_* symbols come from the process. Node closes an addon when the
# worker that loaded it ends, but our threads and the opened libtorch stay: hence nodelete.
function(gptorch_addon target)
  set_target_properties(${target} PROPERTIES PREFIX "" SUFFIX ".node" CXX_VISIBILITY_PRESET hidden)
  target_link_libraries(${target} PRIVATE NodeApi::headers)
  # An error cannot be thrown in a worker that is being terminated; node-addon-api would abort the process instead.
  target_compile_definitions(${target} PRIVATE NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS)
  if(APPLE)
    target_link_options(${target} PRIVATE -undefined dynamic_lookup)
  else()
    target_link_options(${target} PRIVATE -Wl,-z,nodelete)
  endif()
endfunction()
