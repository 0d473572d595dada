# libgptorch_ops_cuda.so: our operators' CUDA kernels, loaded beside CUDA's libtorch. The addon does not link it.
# Needs nvcc and a CUDA build of libtorch, but no GPU and no driver.
#
# CMAKE_CUDA_ARCHITECTURES chooses the devices; by default all that torch's own wheel is built for from Ampere on, and PTX
# of the last one for those to come.
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES "80-real;86-real;89-real;90-real;100-real;120" CACHE STRING "")
endif()
enable_language(CUDA)

foreach(_name c10_cuda torch_cuda)
  if(NOT EXISTS "${Libtorch_FOLDER}/lib/lib${_name}.so")
    message(FATAL_ERROR "${Libtorch_FOLDER} is a CPU build of libtorch: it has no lib/lib${_name}.so. Run `npm run build:cuda`, which "
      "fetches a CUDA build, or give -DGPTORCH_LIBTORCH=<folder of one>.")
  endif()
endforeach()

# Kernels (.cu) know neither ATen nor the dispatcher; what registers them (.cc) knows no CUDA.
file(GLOB cuda_sources CONFIGURE_DEPENDS native/ops/*/cuda/*.cc native/ops/*/cuda/*.cu)
add_library(gptorch_ops_cuda SHARED ${cuda_sources})
target_include_directories(gptorch_ops_cuda PRIVATE native)
target_include_directories(gptorch_ops_cuda SYSTEM PRIVATE
  "${Libtorch_FOLDER}/include" "${Libtorch_FOLDER}/include/torch/csrc/api/include" ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES})
target_compile_features(gptorch_ops_cuda PRIVATE cxx_std_20)
target_compile_definitions(gptorch_ops_cuda PRIVATE AT_PER_OPERATOR_HEADERS)
target_compile_options(gptorch_ops_cuda PRIVATE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra>
  # CMake before 3.26 does not know that nvcc 13 knows C++20. Constexpr functions of std in kernels: as torch's own.
  $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20 --expt-relaxed-constexpr -Wno-deprecated-gpu-targets -lineinfo>)
set_target_properties(gptorch_ops_cuda PROPERTIES
  CUDA_RUNTIME_LIBRARY Shared CXX_VISIBILITY_PRESET hidden CUDA_VISIBILITY_PRESET hidden)
# torch_cuda's own dependencies (cuBLAS, cuDNN, NCCL) need not be there to link.
target_link_libraries(gptorch_ops_cuda PRIVATE
  "${Libtorch_FOLDER}/lib/libtorch_cuda.so" "${Libtorch_FOLDER}/lib/libc10_cuda.so" Libtorch::torch_cpu Libtorch::c10)
target_link_options(gptorch_ops_cuda PRIVATE -Wl,--no-undefined -Wl,--allow-shlib-undefined -Wl,--as-needed)
gptorch_library(gptorch_ops_cuda "$ORIGIN")
