# Symbols of older C and C++ libraries, so that a build on a new distribution runs on older ones: see native/compat/old_symbol.h.
# Other processors have other oldest versions; a sanitizer must find its own interceptors.
if(CMAKE_SYSTEM_NAME STREQUAL Linux AND CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64 AND NOT GPTORCH_SANITIZE)
  file(GLOB _compat_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/native/compat/*.cc")
  add_library(gptorch_compat STATIC ${_compat_sources})
  # Otherwise the compiler would turn a function's definition into a call of itself.
  target_compile_options(gptorch_compat PRIVATE -fno-builtin)
  target_link_libraries(gptorch_compat PRIVATE gptorch_options)
  set_target_properties(gptorch_compat PROPERTIES
    CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden)
else()
  add_library(gptorch_compat INTERFACE)
endif()
