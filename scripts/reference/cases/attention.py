"""Causal self-attention."""

import torch
from torch import Tensor
from transformers import GPT2Config
from transformers.models.gpt2.modeling_gpt2 import GPT2Attention

from case import Case, Tensors
from draw import Draw
from modules import call, draw_parameters
from plain.attention import Attention, visible


def cases() -> list[Case]:
    return [
        _gpt2("attention", batch=2, length=7, width=12, heads=3),
        _gpt2("attention_one_head", batch=2, length=5, width=12, heads=1),
        _gpt2("attention_length_one", batch=2, length=1, width=12, heads=3),
        _gpt2("attention_width_20", batch=1, length=16, width=20, heads=4),
        _gpt2("attention_window", batch=2, length=9, width=12, heads=3, window=3),
        _gpt2("attention_window_one", batch=1, length=4, width=12, heads=3, window=1),
        _gpt2("attention_window_wide", batch=1, length=5, width=12, heads=3, window=8),
        _plain("attention_narrow_inner", batch=2, length=6, width=20, heads=2, head_width=6),
        _plain("attention_wide_inner", batch=2, length=6, width=12, heads=3, head_width=8),
        _plain("attention_wide_inner_window", batch=1, length=9, width=12, heads=3, head_width=8, window=4),
    ]


def explicit_mask(length: int, window: int | None, dtype: torch.dtype) -> Tensor:
    """What is added to the scores, (1, 1, T, T): 0 where a key is visible, -inf elsewhere."""
    blocked = ~visible(length, window)
    return torch.zeros(1, 1, length, length, dtype=dtype).masked_fill(blocked, -torch.inf)


def _gpt2(name: str, batch: int, length: int, width: int, heads: int, window: int | None = None) -> Case:
    module = GPT2Attention(GPT2Config(n_embd=width, n_head=heads, attn_implementation="eager"), layer_idx=0)

    def run(inputs: Tensors, parameters: Tensors) -> Tensors:
        hidden = inputs["hidden"]
        mask = explicit_mask(length, window, hidden.dtype)
        return {"hidden": call(module, parameters, hidden, attention_mask=mask)[0]}

    draw = Draw(name)
    return Case(
        name=f"modules/{name}",
        reference="transformers GPT2Attention, eager, with an explicit additive mask",
        config=_config(width, heads, width // heads, True, window),
        inputs={"hidden": draw.normal(batch, length, width)},
        parameters=draw_parameters(module, draw),
        run=run,
    )


def _plain(
    name: str, batch: int, length: int, width: int, heads: int, head_width: int, window: int | None = None
) -> Case:
    module = Attention(width, heads, head_width, bias=False, window=window)
    draw = Draw(name)
    return Case(
        name=f"modules/{name}",
        reference="plain PyTorch: softmax(q·kᵀ/√headWidth + mask)·v, no biases, heads * headWidth ≠ width",
        config=_config(width, heads, head_width, False, window),
        inputs={"hidden": draw.normal(batch, length, width)},
        parameters=draw_parameters(module, draw),
        run=lambda inputs, parameters: {"hidden": call(module, parameters, inputs["hidden"])},
    )


def _config(width: int, heads: int, head_width: int, bias: bool, window: int | None) -> dict[str, object]:
    config = {"width": width, "heads": heads, "headWidth": head_width, "bias": bias}
    return config | ({} if window is None else {"attentionWindow": window})
