#pragma once

namespace gptorch {

/// What a generation's weight matrices are kept in on the CPU. Hidden states, biases, norms and keys and values are
/// float32 always.
enum class WeightFormat {
  Float32,
  /// Rounded to nearest, ties to even.
  BFloat16,
  /// One scale per output channel, symmetric.
  Int8,
};

}  // namespace gptorch
