// Part of libgptorch_ops in sanitizer builds: torch.ops.gptorch.plant_fault(kind).

#include <torch/library.h>

#include "planted_faults.h"

TORCH_LIBRARY_FRAGMENT(gptorch, library) {
  library.def("plant_fault(str kind) -> ()", [](const std::string& kind) { gptorch::plantFault(kind); });
}
