#include "ops/dropout/dropout.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>

#include "ops/dropout/philox.h"
#include "ops/grain.h"

namespace gptorch::ops {

namespace {

constexpr int kLanes = 16;
/// Each Philox word gives two 16-bit numbers; element j of a chunk takes half (j / 64), word (j / 16) % 4, lane j % 16.
constexpr int64_t kChunk = kLanes * 8;
constexpr double kSteps = 65536.0;

/// `keep` and `scale` for one chunk of 128 elements; the tail of the last chunk is masked by `count`.
template <typename T>
__attribute__((target_clones("avx512f", "avx2", "default"))) void dropChunks(const T* input, T* output,
                                                                             int64_t firstChunk, int64_t lastChunk,
                                                                             int64_t numel, uint32_t threshold,
                                                                             float scale, Philox philox, uint32_t step0,
                                                                             uint32_t step1, uint32_t ordinal) {
  for (int64_t chunk = firstChunk; chunk < lastChunk; ++chunk) {
    uint32_t words[4][kLanes];
    philox.block<kLanes>(static_cast<uint32_t>(chunk * kLanes), ordinal, step0, step1, words);
    float factor[kChunk];
    for (int word = 0; word < 4; ++word) {
      for (int lane = 0; lane < kLanes; ++lane) {
        const uint32_t low = words[word][lane] & 0xFFFFu, high = words[word][lane] >> 16;
        factor[word * kLanes + lane] = low >= threshold ? scale : 0.0f;
        factor[(word + 4) * kLanes + lane] = high >= threshold ? scale : 0.0f;
      }
    }
    const int64_t base = chunk * kChunk;
    const int64_t count = std::min<int64_t>(kChunk, numel - base);
    for (int64_t j = 0; j < count; ++j) {
      // A select, not a product: what is dropped is 0 even where the input is infinite or not a number.
      output[base + j] = factor[j] == 0.0f ? T(0) : static_cast<T>(static_cast<T>(factor[j]) * input[base + j]);
    }
  }
}

void check(const at::Tensor& input, double p) {
  TORCH_CHECK(p >= 0.0 && p <= 1.0, "dropout: p must be within 0 and 1, not ", p);
  TORCH_CHECK(at::isFloatingType(input.scalar_type()), "dropout: the input must have a floating dtype, not ",
              input.scalar_type());
}

at::Tensor dropoutCpu(const at::Tensor& input, double p, int64_t seed, int64_t step, int64_t ordinal) {
  check(input, p);
  const uint32_t threshold = static_cast<uint32_t>(std::lround(p * kSteps));
  if (threshold == 0) return input.clone(at::MemoryFormat::Contiguous);
  if (threshold >= kSteps) return at::zeros_like(input, {}, at::MemoryFormat::Contiguous);
  const float scale = static_cast<float>(kSteps / (kSteps - threshold));
  const Philox philox{{static_cast<uint32_t>(seed), static_cast<uint32_t>(static_cast<uint64_t>(seed) >> 32)}};

  const at::Tensor source = input.contiguous();
  at::Tensor output = at::empty_like(source);
  const int64_t numel = source.numel();
  const int64_t chunks = (numel + kChunk - 1) / kChunk;
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kBFloat16, at::kHalf, source.scalar_type(), "gptorch::dropout", [&] {
    const scalar_t* from = source.const_data_ptr<scalar_t>();
    scalar_t* to = output.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, chunks, kGrain / kChunk, [&](int64_t first, int64_t last) {
      dropChunks<scalar_t>(from, to, first, last, numel, threshold, scale, philox, static_cast<uint32_t>(step),
                           static_cast<uint32_t>(static_cast<uint64_t>(step) >> 32), static_cast<uint32_t>(ordinal));
    });
  });
  return output;
}

at::Tensor dropoutMeta(const at::Tensor& input, double p, int64_t, int64_t, int64_t) {
  check(input, p);
  return at::empty_like(input, at::MemoryFormat::Contiguous);
}

class DropoutFunction : public torch::autograd::Function<DropoutFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input, double p, int64_t seed,
                            int64_t step, int64_t ordinal) {
    at::AutoDispatchBelowADInplaceOrView guard;
    context->saved_data["p"] = p;
    context->saved_data["seed"] = seed;
    context->saved_data["step"] = step;
    context->saved_data["ordinal"] = ordinal;
    return dropout(input, p, seed, step, ordinal);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto& saved = context->saved_data;
    // Linear in its input, so the same operator is its own derivative, and differentiable again.
    return {dropout(gradients[0], saved.at("p").toDouble(), saved.at("seed").toInt(), saved.at("step").toInt(),
                    saved.at("ordinal").toInt()),
            {},
            {},
            {},
            {}};
  }
};

at::Tensor dropoutAutograd(const at::Tensor& input, double p, int64_t seed, int64_t step, int64_t ordinal) {
  return DropoutFunction::apply(input, p, seed, step, ordinal);
}

}  // namespace

at::Tensor dropout(const at::Tensor& input, double p, int64_t seed, int64_t step, int64_t ordinal) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("gptorch::dropout", "")
                             .typed<at::Tensor(const at::Tensor&, double, int64_t, int64_t, int64_t)>();
  return op.call(input, p, seed, step, ordinal);
}

TORCH_LIBRARY_FRAGMENT(gptorch, library) {
  library.def("dropout(Tensor input, float p, int seed, int step, int ordinal) -> Tensor");
}
TORCH_LIBRARY_IMPL(gptorch, CPU, library) { library.impl("dropout", dropoutCpu); }
TORCH_LIBRARY_IMPL(gptorch, Meta, library) { library.impl("dropout", dropoutMeta); }
TORCH_LIBRARY_IMPL(gptorch, Autograd, library) { library.impl("dropout", dropoutAutograd); }

}  // namespace gptorch::ops
