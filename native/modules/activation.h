#pragma once

namespace gptorch {

/// What stands between a feed-forward layer's two products.
enum class Activation { GeluTanh, Gelu, Relu };

}  // namespace gptorch
