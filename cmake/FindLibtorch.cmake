# Finds libtorch in a folder with include/ and lib/ (a wheel's torch/, a libtorch zip or our cache) and makes the imported
# targets Libtorch::c10 and Libtorch::cpu. Torch's own CMake package is not used: it links libtorch.so, which pulls CUDA in.
#
# In:  GPTORCH_LIBTORCH (variable or environment), LIBTORCH (environment), CMAKE_PREFIX_PATH, `torch` of python3; the first that holds.
# Out: Libtorch_FOLDER, Libtorch_VERSION, Libtorch_FOUND

set(GPTORCH_LIBTORCH "" CACHE PATH "Folder with libtorch's include/ and lib/")

set(_libtorch_candidates "")
if(GPTORCH_LIBTORCH)
  list(APPEND _libtorch_candidates "${GPTORCH_LIBTORCH}")
else()
  foreach(_variable GPTORCH_LIBTORCH LIBTORCH)
    # `cpu` and `cuda` are choices of the loader, not folders.
    if(DEFINED ENV{${_variable}} AND IS_DIRECTORY "$ENV{${_variable}}")
      list(APPEND _libtorch_candidates "$ENV{${_variable}}")
    endif()
  endforeach()
  foreach(_prefix IN LISTS CMAKE_PREFIX_PATH)
    # torch.utils.cmake_prefix_path is <torch>/share/cmake
    list(APPEND _libtorch_candidates "${_prefix}" "${_prefix}/../..")
  endforeach()
  if(NOT _libtorch_candidates)
    execute_process(
      COMMAND python3 -c "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])"
      OUTPUT_VARIABLE _python_torch OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE _python_result)
    if(_python_result EQUAL 0)
      list(APPEND _libtorch_candidates "${_python_torch}")
    endif()
  endif()
endif()

set(Libtorch_FOLDER "")
foreach(_candidate IN LISTS _libtorch_candidates)
  get_filename_component(_candidate "${_candidate}" ABSOLUTE)
  if(EXISTS "${_candidate}/include/ATen/ATen.h" AND EXISTS "${_candidate}/lib/libtorch_cpu${CMAKE_SHARED_LIBRARY_SUFFIX}")
    set(Libtorch_FOLDER "${_candidate}")
    break()
  endif()
endforeach()

if(NOT Libtorch_FOLDER)
  list(JOIN _libtorch_candidates "\n    " _looked_in)
  message(FATAL_ERROR "libtorch was not found. Looked for include/ATen/ATen.h and lib/libtorch_cpu${CMAKE_SHARED_LIBRARY_SUFFIX} in:\n"
    "    ${_looked_in}\n  Run `npm run bootstrap`, which fetches it, or give -DGPTORCH_LIBTORCH=<folder with include/ and lib/>.")
endif()

# 2.13 keeps the numbers in headeronly/version.h and forwards to it.
set(_libtorch_numbers "")
foreach(_header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
  if(NOT _libtorch_numbers AND EXISTS "${Libtorch_FOLDER}/include/${_header}")
    file(STRINGS "${Libtorch_FOLDER}/include/${_header}" _lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
    string(REGEX MATCHALL "[0-9]+" _libtorch_numbers "${_lines}")
  endif()
endforeach()
list(JOIN _libtorch_numbers "." Libtorch_VERSION)
if(NOT Libtorch_VERSION MATCHES "^[0-9]+\\.[0-9]+\\.[0-9]+$")
  message(FATAL_ERROR "No version number in the headers of ${Libtorch_FOLDER}/include: is this libtorch complete?")
endif()

if(Libtorch_VERSION VERSION_LESS 2.11 OR Libtorch_VERSION VERSION_GREATER_EQUAL 2.14)
  message(FATAL_ERROR "libtorch ${Libtorch_VERSION} in ${Libtorch_FOLDER} is not supported: gptorch needs 2.11 or newer and older than "
    "2.14.\n  Run `npm run bootstrap`, which fetches a supported one, or give -DGPTORCH_LIBTORCH=<folder>.")
endif()

foreach(_name c10 torch_cpu)
  set(_target Libtorch::${_name})
  add_library(${_target} SHARED IMPORTED)
  set_target_properties(${_target} PROPERTIES
    IMPORTED_LOCATION "${Libtorch_FOLDER}/lib/libtorch_cpu${CMAKE_SHARED_LIBRARY_SUFFIX}"
    INTERFACE_INCLUDE_DIRECTORIES
      "${Libtorch_FOLDER}/include;${Libtorch_FOLDER}/include/torch/csrc/api/include")
endforeach()
set_target_properties(Libtorch::c10 PROPERTIES IMPORTED_LOCATION "${Libtorch_FOLDER}/lib/libc10${CMAKE_SHARED_LIBRARY_SUFFIX}")
set_target_properties(Libtorch::torch_cpu PROPERTIES INTERFACE_LINK_LIBRARIES Libtorch::c10)

set(Libtorch_FOUND TRUE)
