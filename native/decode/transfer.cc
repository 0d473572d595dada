#include "decode/transfer.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>

#include <bit>

#include "engine/device_copy.h"

namespace gptorch {

Upload::Part Upload::add(std::span<const int64_t> numbers) {
  const Part part{static_cast<int64_t>(numbers_.size()), static_cast<int64_t>(numbers.size())};
  numbers_.insert(numbers_.end(), numbers.begin(), numbers.end());
  return part;
}

Upload::Part Upload::add(std::span<const double> numbers) {
  const Part part{static_cast<int64_t>(numbers_.size()), static_cast<int64_t>(numbers.size())};
  for (const double number : numbers) numbers_.push_back(std::bit_cast<int64_t>(number));
  return part;
}

void Upload::send(const at::Device& device) {
  if (numbers_.empty()) return;
  sent_ = copyTo(at::from_blob(numbers_.data(), {static_cast<int64_t>(numbers_.size())}, at::kLong), device);
}

at::Tensor Upload::integers(const Part& part) const { return sent_.narrow(0, part.first, part.count); }

at::Tensor Upload::doubles(const Part& part) const { return integers(part).view(at::kDouble); }

std::vector<std::vector<double>> readTogether(std::span<const at::Tensor> values) {
  std::vector<at::Tensor> flat;
  for (const at::Tensor& value : values) flat.push_back(value.flatten().to(at::kDouble));
  const at::Tensor all = (flat.size() == 1 ? flat.front() : at::cat(flat)).to(at::kCPU);
  const auto* next = all.const_data_ptr<double>();
  std::vector<std::vector<double>> read;
  for (const at::Tensor& value : values) {
    read.emplace_back(next, next + value.numel());
    next += value.numel();
  }
  return read;
}

}  // namespace gptorch
