#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>

#include "engine/device_copy.h"
#include "engine/random.h"
#include "functions/function.h"

namespace gptorch {

namespace {

Shape shapeOf(const Arguments& arguments, size_t index) {
  Shape shape = arguments.integers(index, "shape");
  for (const int64_t size : shape) {
    if (size < 0) arguments.fail("shape " + toString(shape) + " has a negative size");
  }
  return shape;
}

/// The last three arguments of every creation: shape, dtype, device.
Meta metaOf(const Arguments& arguments, size_t first) {
  return {shapeOf(arguments, first), parseDtype(arguments.string(first + 1, "dtype")),
          parseDevice(arguments.string(first + 2, "device"))};
}

at::TensorOptions optionsOf(const Meta& meta) { return at::TensorOptions().dtype(meta.dtype).device(meta.device); }

/// (data, shape, dtype, device, requiresGrad): the bytes of a typed array of the same dtype.
Plan fromData(const Arguments& arguments) {
  const Bytes bytes = arguments.bytes(0, "data");
  const Meta meta = metaOf(arguments, 1);
  const bool requiresGrad = arguments.boolean(4, "requiresGrad");
  const size_t needed = static_cast<size_t>(meta.numel()) * c10::elementSize(meta.dtype);
  if (bytes->size() != needed) {
    arguments.fail("shape " + toString(meta.shape) + " of " + dtypeName(meta.dtype) + " needs " +
                   std::to_string(needed) + " bytes, data has " + std::to_string(bytes->size()));
  }
  if (requiresGrad && !meta.isFloating()) arguments.fail("only floating dtypes have gradients");
  Plan plan = planOne({}, meta, [bytes, meta, requiresGrad](const Values&) {
    const at::Tensor view = at::from_blob(bytes->data(), meta.shape, at::TensorOptions().dtype(meta.dtype));
    at::Tensor tensor = copyTo(view, meta.device);
    return requiresGrad ? tensor.requires_grad_(true) : tensor;
  });
  plan.capturedBytes = bytes->size();
  plan.meetsOutside = true;
  if (requiresGrad) plan.roots = std::make_shared<const std::vector<CellRef>>(1, std::make_shared<Cell>());
  return plan;
}

Plan full(const Arguments& arguments) {
  const double value = arguments.number(0, "value");
  const Meta meta = metaOf(arguments, 1);
  return planOne({}, meta, [value, meta](const Values&) { return at::full(meta.shape, value, optionsOf(meta)); });
}

Plan arange(const Arguments& arguments) {
  const int64_t end = arguments.integer(0, "end");
  if (end < 0) arguments.fail("end must not be negative");
  const at::Device device = parseDevice(arguments.string(1, "device"));
  return planOne({}, {{end}, at::kLong, device}, [end, device](const Values&) {
    return at::arange(end, at::TensorOptions().dtype(at::kLong).device(device));
  });
}

/// (key, shape, dtype, device)
template <bool gaussian>
Plan random(const Arguments& arguments) {
  const RandomKey key = arguments.randomKey(0, "key");
  const Meta meta = metaOf(arguments, 1);
  if (!meta.isFloating()) arguments.fail("needs a floating dtype, not " + dtypeName(meta.dtype));
  return planOne({}, meta, [key, meta](const Values&) {
    at::Tensor tensor = at::empty(meta.shape, optionsOf(meta));
    const at::Generator generator = generatorFor(key, meta.device);
    return gaussian ? tensor.normal_(0.0, 1.0, generator) : tensor.uniform_(0.0, 1.0, generator);
  });
}

}  // namespace

std::vector<Function> creationFunctions() {
  return {{"fromData", fromData}, {"full", full}, {"arange", arange}, {"randn", random<true>}, {"rand", random<false>}};
}

}  // namespace gptorch
