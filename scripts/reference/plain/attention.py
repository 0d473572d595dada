"""Causal self-attention with an explicit mask."""

import math

import torch
from torch import Tensor, nn

from plain.projection import Projection


def visible(length: int, window: int | None) -> Tensor:
    """(length, length), true where query row t may see key column s: t-window+1 <= s <= t, or s <= t."""
    query = torch.arange(length)[:, None]
    key = torch.arange(length)[None, :]
    return (key <= query) & (key > query - (window or length))


class Attention(nn.Module):
    """Its inner width, heads * head_width, need not be the model's width."""

    def __init__(self, width: int, heads: int, head_width: int, bias: bool = True, window: int | None = None):
        super().__init__()
        self.heads, self.head_width, self.window = heads, head_width, window
        self.c_attn = Projection(width, 3 * heads * head_width, bias)
        self.c_proj = Projection(heads * head_width, width, bias)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, _ = x.shape
        q, k, v = (
            part.view(batch, length, self.heads, self.head_width).transpose(1, 2)  # (B, heads, T, head width)
            for part in self.c_attn(x).chunk(3, dim=-1)
        )
        scores = q @ k.transpose(-1, -2) / math.sqrt(self.head_width)  # (B, heads, T, T)
        scores = scores.masked_fill(~visible(length, self.window), -math.inf)
        mixed = torch.softmax(scores, dim=-1) @ v
        return self.c_proj(mixed.transpose(1, 2).reshape(batch, length, -1))
