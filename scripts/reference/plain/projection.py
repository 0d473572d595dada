"""A linear layer in the layout of GPT-2's checkpoints."""

import torch
from torch import Tensor, nn


class Projection(nn.Module):
    """x·weight + bias with weight (in, out), the transpose of nn.Linear's; Hugging Face calls it Conv1D."""

    def __init__(self, inputs: int, outputs: int, bias: bool):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.empty(outputs)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        y = x @ self.weight
        return y if self.bias is None else y + self.bias
