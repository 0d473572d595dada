#include "ops/causal_attention/cpu.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "ops/causal_attention/head_kernels.h"
#include "ops/grain.h"
#include "ops/simd/instruction_set.h"

namespace gptorch::ops::causal_attention {

namespace {

template <class T>
const HeadKernels<T>& headKernels() {
  static const HeadKernels<T> kernels = [] {
    if constexpr (std::is_same_v<T, double>) {
      return doubleHeadKernels();
    } else {
      return kernelsFor<genericHeadKernels, avx2HeadKernels, avx512HeadKernels>();
    }
  }();
  return kernels;
}

template <class T>
Scratch<T>& threadScratch() {
  thread_local Scratch<T> scratch;
  return scratch;
}

/// What is computed in.
at::ScalarType computeDtype(const at::Tensor& projection) {
  return projection.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

/// The heads of a projection, in the order of (B, heads).
template <class T>
class Heads {
 public:
  /// @param projection contiguous
  Heads(const at::Tensor& projection, const Options& options)
      : heads_(options.heads),
        length_(projection.size(1)),
        inner_(projection.size(2) / 3),
        window_(std::min(options.window.value_or(length_), length_)),
        data_(projection.const_data_ptr<T>()),
        count_(projection.size(0) * heads_) {
    if (options.dropout == 0) return;
    TORCH_CHECK(options.key->is_cpu() && options.key->is_contiguous(), "causal_attention: the key must be contiguous");
    const int64_t* const words = options.key->template const_data_ptr<int64_t>();
    mask_ = DropoutMask::of(options.dropout, words[0], words[1], words[2] + options.draw);
    drops_ = !mask_.dropsNone();
  }

  int64_t count() const { return count_; }
  int64_t width() const { return inner_ / heads_; }
  int64_t length() const { return length_; }

  Head<T> head(int64_t index) const {
    const T scale = static_cast<T>(1 / std::sqrt(static_cast<double>(width())));
    return {
        part(data_, index, 0),     part(data_, index, 1),    part(data_, index, 2), length_, width(), window_, scale,
        drops_ ? &mask_ : nullptr, index * length_ * length_};
  }

  /// A head's queries (0), keys (1) or values (2) in a (B, T, 3 · inner).
  template <class Element>
  Rows<Element> part(Element* data, int64_t index, int64_t which) const {
    return {data + index / heads_ * length_ * 3 * inner_ + which * inner_ + index % heads_ * width(), 3 * inner_};
  }
  /// A head's part of a (B, T, inner).
  template <class Element>
  Rows<Element> outputPart(Element* data, int64_t index) const {
    return {data + index / heads_ * length_ * inner_ + index % heads_ * width(), inner_};
  }
  /// Multiply-adds of one of a head's products.
  int64_t cost() const { return length_ * std::min(length_, window_) * width(); }

 private:
  int64_t heads_, length_, inner_, window_;
  const T* data_;
  int64_t count_;
  DropoutMask mask_{};
  bool drops_ = false;
};

int64_t grainFor(int64_t cost) { return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, cost)); }

template <class T>
void runForward(const at::Tensor& projection, const Options& options, at::Tensor& output, at::Tensor& logSumExp) {
  const Heads<T> heads(projection, options);
  if (projection.numel() == 0) return;
  T *const to = output.mutable_data_ptr<T>(), *const sums = logSumExp.mutable_data_ptr<T>();
  const int64_t pairs = heads.head(0).pairs();
  at::parallel_for(0, heads.count() * pairs, grainFor(heads.cost() / pairs), [&](int64_t first, int64_t last) {
    while (first < last) {
      const int64_t index = first / pairs, end = std::min(last, (index + 1) * pairs);
      const Head<T> head = heads.head(index);
      headKernels<T>().forward(head, {heads.outputPart(to, index), sums + index * heads.length()},
                               first - index * pairs, end - index * pairs, threadScratch<T>());
      first = end;
    }
  });
}

template <class T>
void runBackward(const at::Tensor& gradOutput, const at::Tensor& projection, const at::Tensor& output,
                 const at::Tensor& logSumExp, const Options& options, at::Tensor& gradient) {
  const Heads<T> heads(projection, options);
  if (projection.numel() == 0) return;
  const T *const from = output.const_data_ptr<T>(), *const gradFrom = gradOutput.const_data_ptr<T>();
  const T* const sums = logSumExp.const_data_ptr<T>();
  T* const to = gradient.mutable_data_ptr<T>();
  // A head's keys gather from all its queries and its queries from all its keys, in one order: whole heads.
  at::parallel_for(0, heads.count(), grainFor(heads.cost()), [&](int64_t first, int64_t last) {
    for (int64_t index = first; index < last; ++index) {
      headKernels<T>().backward(
          heads.head(index),
          {heads.outputPart(from, index), heads.outputPart(gradFrom, index), sums + index * heads.length(),
           heads.part(to, index, 0), heads.part(to, index, 1), heads.part(to, index, 2)},
          threadScratch<T>());
    }
  });
}

}  // namespace

std::tuple<at::Tensor, at::Tensor> forwardCpu(const at::Tensor& projection, const Options& options) {
  const at::Tensor input = projection.to(computeDtype(projection)).contiguous();
  const int64_t batch = input.size(0), length = input.size(1);
  at::Tensor output = at::empty({batch, length, input.size(2) / 3}, input.options());
  at::Tensor logSumExp = at::empty({batch, options.heads, length}, input.options());
  if (input.scalar_type() == at::kDouble) {
    runForward<double>(input, options, output, logSumExp);
  } else {
    runForward<float>(input, options, output, logSumExp);
  }
  return {output.to(projection.scalar_type()), logSumExp};
}

at::Tensor backwardCpu(const at::Tensor& gradOutput, const at::Tensor& projection, const at::Tensor& output,
                       const at::Tensor& logSumExp, const Options& options) {
  const auto wide = [dtype = computeDtype(projection)](const at::Tensor& t) { return t.to(dtype).contiguous(); };
  const at::Tensor input = wide(projection);
  at::Tensor gradient = at::empty_like(input);
  if (input.scalar_type() == at::kDouble) {
    runBackward<double>(wide(gradOutput), input, wide(output), logSumExp, options, gradient);
  } else {
    runBackward<float>(wide(gradOutput), input, wide(output), logSumExp, options, gradient);
  }
  return gradient.to(projection.scalar_type());
}

}  // namespace gptorch::ops::causal_attention
