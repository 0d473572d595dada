"""The position-wise feed-forward network and its activations."""

import math

import torch
from torch import Tensor, nn

from plain.projection import Projection


def gelu_tanh(x: Tensor) -> Tensor:
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def gelu(x: Tensor) -> Tensor:
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


ACTIVATIONS = {"gelu_tanh": gelu_tanh, "gelu": gelu, "relu": torch.relu}


class FeedForward(nn.Module):
    def __init__(self, width: int, inner: int, activation: str, bias: bool = True):
        super().__init__()
        self.c_fc = Projection(width, inner, bias)
        self.c_proj = Projection(inner, width, bias)
        self.activation = ACTIVATIONS[activation]

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(self.activation(self.c_fc(x)))
