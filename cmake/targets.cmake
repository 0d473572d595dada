# What our libraries share: libtorch, place of the output, names.
include("${CMAKE_CURRENT_LIST_DIR}/options.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/compat.cmake")

# at::parallel_for is an OpenMP pragma in a header: without the flag our kernels would run serial, silently.
add_library(gptorch_torch_options INTERFACE)
find_package(OpenMP REQUIRED COMPONENTS CXX)
target_link_libraries(gptorch_torch_options INTERFACE gptorch_options Libtorch::torch_cpu Libtorch::c10 OpenMP::OpenMP_CXX)
# Torch's own headers then include single operators instead of all of them.
target_compile_definitions(gptorch_torch_options INTERFACE
  AT_PER_OPERATOR_HEADERS GPTORCH_TORCH_VERSION="${Libtorch_VERSION}")

set(GPTORCH_OUTPUT "${CMAKE_BINARY_DIR}/Release")

# gptorch_library(<target> <rpath, may be empty>): output folder, run path and old symbols. No path of the build machine stays in a library.
function(gptorch_library target rpath)
  target_link_libraries(${target} PRIVATE gptorch_compat)
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF
    LIBRARY_OUTPUT_DIRECTORY "${GPTORCH_OUTPUT}"
    BUILD_WITH_INSTALL_RPATH ON
    INSTALL_RPATH "${rpath}"
    INSTALL_RPATH_USE_LINK_PATH OFF
    VISIBILITY_INLINES_HIDDEN ON)
endfunction()

# gptorch_objects(<target> <sources>): a part of a library, compiled apart.
function(gptorch_objects target sources)
  add_library(${target} OBJECT ${sources})
  target_link_libraries(${target} PRIVATE gptorch_torch_options)
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
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
