#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scalar_tensor.h>

#include <bit>

#include "distributed/gradients.h"
#include "distributed/process_group.h"
#include "functions/function.h"
#include "io/tensor_bytes.h"
#include "io/xxh64.h"

namespace gptorch {

namespace {

/// A plan for its effect on the other ranks: without derivative, and never refused, as they would wait in vain.
Plan collective() {
  Plan plan;
  plan.alwaysEnters = true;
  plan.differentiable = false;
  return plan;
}

/// (group) -> the number of ranks, once all have met.
Plan joinGroup(const Arguments& arguments) {
  const std::shared_ptr<ProcessGroup> group = arguments.processGroup(0);
  Plan plan = collective();
  plan.outputs = {{{}, at::kLong, at::kCPU}};
  plan.run = [group](const Values&) {
    group->join();
    return Values{at::scalar_tensor(group->options().size, at::kLong)};
  };
  return plan;
}

/// (group): frees its connections; what was queued before is done first.
Plan leaveGroup(const Arguments& arguments) {
  Plan plan = collective();
  plan.run = [group = arguments.processGroup(0)](const Values&) {
    group->leave();
    return Values{};
  };
  return plan;
}

/// (group, tensor) -> the sum of all ranks' tensors, the same bits on each.
Plan allReduce(const Arguments& arguments) {
  const std::shared_ptr<ProcessGroup> group = arguments.processGroup(0);
  const SlotRef input = arguments.tensor(1, "tensor");
  Plan plan = collective();
  plan.inputs = {input};
  plan.outputs = {input->meta};
  plan.run = [group](const Values& v) {
    at::Tensor sum = v[0].detach().clone(at::MemoryFormat::Contiguous);
    group->use([&](Communicator& ranks) { ranks.allReduce(sum); });
    return Values{sum};
  };
  return plan;
}

/// (group, tensor (…)) -> (size, …), in the order of the ranks.
Plan allGather(const Arguments& arguments) {
  const std::shared_ptr<ProcessGroup> group = arguments.processGroup(0);
  const SlotRef input = arguments.tensor(1, "tensor");
  Meta meta = input->meta;
  meta.shape.insert(meta.shape.begin(), group->options().size);
  Plan plan = collective();
  plan.inputs = {input};
  plan.outputs = {meta};
  plan.run = [group, meta](const Values& v) {
    at::Tensor mine = v[0].detach().contiguous();
    at::Tensor all = at::empty(meta.shape, mine.options());
    group->use([&](Communicator& ranks) { ranks.allGather(all, mine); });
    return Values{all};
  };
  return plan;
}

/// (group, tensors, root): each gets the root's values, in place.
Plan broadcast(const Arguments& arguments) {
  const std::shared_ptr<ProcessGroup> group = arguments.processGroup(0);
  const std::vector<SlotRef> targets = arguments.tensors(1, "tensors").slots;
  const int root = static_cast<int>(arguments.numberWithin(2, "root", 0, group->options().size - 1));
  Plan plan = collective();
  plan.writes.assign(targets.begin(), targets.end());
  plan.run = [group, targets, root](const Values&) {
    const at::NoGradGuard noGrad;
    group->use([&](Communicator& ranks) {
      for (const SlotRef& target : targets) {
        TORCH_CHECK(target->value.defined(), "the tensor was never made");
        at::Tensor values = target->value.detach().contiguous();
        ranks.broadcast(values, root);
        // Counts as a change in place, whatever wrote it: a graph that saved the old values must notice.
        target->value.copy_(values);
      }
    });
    return Values{};
  };
  return plan;
}

/// (group, parameters, bucketBytes): adds up their gradients over all ranks.
Plan reduceGradientsOf(const Arguments& arguments) {
  const std::shared_ptr<ProcessGroup> group = arguments.processGroup(0);
  const std::vector<SlotRef> parameters = arguments.tensors(1, "parameters").slots;
  const auto bucketBytes = static_cast<size_t>(arguments.numberWithin(2, "bucketBytes", 1, 1e12));
  Plan plan = collective();
  plan.inputs = parameters;
  for (const SlotRef& parameter : parameters) {
    if (!parameter->roots || parameter->roots->size() != 1) arguments.fail("a tensor in the list is no parameter");
    const CellRef& cell = parameter->roots->front();
    // Parameters of one module share a cell and stand together.
    if (plan.writes.empty() || plan.writes.back() != cell) plan.writes.push_back(cell);
  }
  plan.run = [group, bucketBytes](const Values& values) {
    group->use([&](Communicator& ranks) { reduceGradients(ranks, values, bucketBytes); });
    return Values{};
  };
  return plan;
}

/// (tensors) -> XXH64 of all their bytes, as int64.
Plan checksumOf(const Arguments& arguments) {
  Plan plan = planOne(arguments.tensors(0, "tensors").slots, {{}, at::kLong, at::kCPU}, [](const Values& values) {
    std::string each;
    for (const at::Tensor& value : values) each += checksum(value.detach().to(at::kCPU).contiguous());
    return at::scalar_tensor(std::bit_cast<int64_t>(xxh64(each.data(), each.size())), at::kLong);
  });
  plan.differentiable = false;
  return plan;
}

}  // namespace

std::vector<Function> distributedFunctions() {
  return {{"joinGroup", joinGroup}, {"leaveGroup", leaveGroup}, {"allReduce", allReduce},
          {"allGather", allGather}, {"broadcast", broadcast},   {"reduceGradients", reduceGradientsOf},
          {"checksum", checksumOf}};
}

}  // namespace gptorch
