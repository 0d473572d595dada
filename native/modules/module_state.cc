#include "modules/module_state.h"

#include <torch/nn/module.h>

namespace gptorch {

ParameterSpecs prefixed(const std::string& prefix, ParameterSpecs specs) {
  for (ParameterSpec& spec : specs) spec.name = prefix + "." + spec.name;
  return specs;
}

ParameterSpecs joined(std::initializer_list<ParameterSpecs> parts) {
  ParameterSpecs all;
  for (const ParameterSpecs& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Plan ModuleState::forward(const Arguments& arguments) {
  if (disposed_) throw Error(ErrorCode::Disposed, arguments.function() + ": the module was disposed");
  Plan result = plan(arguments);
  for (const auto& [name, slot] : parameters_) result.reads.push_back(slot);
  result.roots = unite(result.roots, gradients_);
  result.autocasts = true;
  return result;
}

void ModuleState::build(Engine& engine, const SessionRef& session, at::Device device) {
  gradients_ = std::make_shared<const std::vector<CellRef>>(1, std::make_shared<Cell>());
  Item item;
  for (const ParameterSpec& spec : specs()) {
    parameters_.emplace_back(spec.name, std::make_shared<Slot>(Meta{spec.shape, at::kFloat, device}, gradients_));
    parameters_.back().second->ownedByModule = true;
    item.overwrites.push_back(parameters_.back().second);
  }
  item.session = session;
  if (!device.is_cpu()) item.device = device;
  item.work = [self = shared_from_this(), session, device] {
    self->module_ = self->make();
    self->module_->to(device);
    const auto made = self->module_->named_parameters();
    TORCH_CHECK(made.size() == self->parameters_.size(), "internal error: ", made.size(), " parameters where ",
                self->parameters_.size(), " were planned");
    for (const auto& [name, slot] : self->parameters_) {
      slot->value = made[name];
      TORCH_CHECK(Meta::of(slot->value) == slot->meta, "internal error: parameter ", name, " is ",
                  toString(Meta::of(slot->value)), ", planned was ", toString(slot->meta));
      session->hold(slot->value);
    }
  };
  engine.submit(std::move(item), false);
}

void ModuleState::dispose(Engine& engine, const SessionRef& session) {
  if (disposed_) return;
  disposed_ = true;
  for (const auto& [name, slot] : parameters_) slot->disposed = true;
  Item item;
  item.session = session;
  item.frees = true;
  item.work = [self = shared_from_this(), session] {
    for (const auto& [name, slot] : self->parameters_) {
      session->release(slot->value);
      if (slot->value.defined()) slot->value.mutable_grad().reset();
      slot->value.reset();
    }
    self->module_.reset();
  };
  engine.submit(std::move(item), true);
}

ForwardMode ForwardMode::from(const Arguments& arguments, size_t first) {
  ForwardMode mode;
  mode.training = arguments.boolean(first, "training");
  if (mode.training) mode.key = arguments.dropoutKey(first + 1, "key");
  return mode;
}

SlotRef requireWidth(const Arguments& arguments, size_t index, int64_t width, int64_t rank) {
  SlotRef input = arguments.floating(index, "input");
  const Shape& shape = input->meta.shape;
  const bool rankFits = rank == 0 ? !shape.empty() : static_cast<int64_t>(shape.size()) == rank;
  if (!rankFits || shape.back() != width) {
    arguments.fail("input is " + toString(shape) + ", expected " + (rank == 3 ? "(B, T, " : "(…, ") +
                   std::to_string(width) + ")");
  }
  if (input->meta.dtype != at::kFloat) arguments.fail("input must be float32, not " + dtypeName(input->meta.dtype));
  return input;
}

}  // namespace gptorch
