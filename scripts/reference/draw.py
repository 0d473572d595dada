"""Random numbers for the fixtures. NumPy's generator, because torch's differs between instruction sets."""

import zlib

import numpy as np
import torch
from torch import Tensor


class Draw:
    """A stream of numbers that depends on the case's name alone, so that adding a case changes no other."""

    def __init__(self, name: str):
        self._numbers = np.random.default_rng(zlib.crc32(name.encode()))

    def normal(self, *shape: int, mean: float = 0.0, std: float = 1.0) -> Tensor:
        values = mean + std * self._numbers.standard_normal(shape)
        return torch.from_numpy(np.asarray(values, dtype=np.float32))

    def tokens(self, *shape: int, below: int) -> Tensor:
        return torch.from_numpy(self._numbers.integers(0, below, shape, dtype=np.int64))

    def parameters(self, shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
        """Values far from any initial state: every weight, bias and layer norm would be noticed if left out."""
        return {name: self._parameter(name, shape) for name, shape in shapes.items()}

    def _parameter(self, name: str, shape: tuple[int, ...]) -> Tensor:
        if len(shape) == 2:
            # Embeddings are (rows, width) and matrices (in, out): std 0.4 keeps sums over widths of 12 to 80 near 1.
            return self.normal(*shape, std=0.4)
        is_norm_weight = name.endswith("weight")
        return self.normal(*shape, mean=1.0 if is_norm_weight else 0.0, std=0.2)
