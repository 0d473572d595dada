"""Model directories in every form that transformers writes, each with logits for a few tokens beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    OpenAIGPTConfig,
    OpenAIGPTLMHeadModel,
    PreTrainedModel,
)

from draw import Draw
from modules import draw_parameters
from tiny_models import NO_DROPOUT

SIZES = {"vocab_size": 41, "n_positions": 24, "n_embd": 12, "n_layer": 2, "n_head": 3, **NO_DROPOUT}
TOKENS = {"bos_token_id": 0, "eos_token_id": 0}


@dataclass(frozen=True)
class Checkpoint:
    name: str
    make: Callable[[], PreTrainedModel]
    dtype: torch.dtype = torch.float32
    bare: bool = False
    """Saved from the Transformer without its head, so without the prefix of the names."""
    shards: str | None = None
    """Largest size of a shard."""

    def write(self, folder: Path) -> None:
        model = self.make()
        _fill(model, self.name)
        model.to(self.dtype)
        saved = model.transformer if self.bare else model
        directory = folder / "checkpoints" / self.name
        saved.save_pretrained(directory, **({"max_shard_size": self.shards} if self.shards else {}))
        # Of the whole model also where only its Transformer is saved, with the rounded weights, in double.
        tokens = Draw(f"{self.name} tokens").tokens(2, 9, below=SIZES["vocab_size"])
        with torch.no_grad():
            logits = model.eval().double()(tokens).logits.float()
        save_file({"tokens": tokens, "logits": logits}, directory / "expected.safetensors")


def checkpoints() -> list[Checkpoint]:
    return [
        Checkpoint("gpt2_sharded", _gpt2, shards="9KB"),
        Checkpoint("gpt2_sharded_bare_bfloat16", _gpt2, torch.bfloat16, bare=True, shards="5KB"),
        Checkpoint("gpt2_bare", _gpt2, bare=True),
        Checkpoint("gpt2_bfloat16", _gpt2, torch.bfloat16),
        Checkpoint("gpt2_float16", _gpt2, torch.float16),
        Checkpoint("gpt2_float64", _gpt2, torch.float64),
        Checkpoint("gpt2_untied_inner_relu", _gpt2_untied),
        Checkpoint("gpt1_sharded_float16", _gpt1, torch.float16, shards="5KB"),
        Checkpoint("gpt1_bare", _gpt1, bare=True),
        Checkpoint("gpt1_untied_relu", _gpt1_untied),
    ]


def _gpt2() -> PreTrainedModel:
    return GPT2LMHeadModel(GPT2Config(**SIZES, **TOKENS))


def _gpt2_untied() -> PreTrainedModel:
    # An epsilon that is large enough to be seen.
    other = {"n_inner": 20, "activation_function": "relu", "layer_norm_epsilon": 1e-2, "tie_word_embeddings": False}
    return GPT2LMHeadModel(GPT2Config(**SIZES, **TOKENS, **other))


def _gpt1() -> PreTrainedModel:
    return OpenAIGPTLMHeadModel(OpenAIGPTConfig(**SIZES))


def _gpt1_untied() -> PreTrainedModel:
    return OpenAIGPTLMHeadModel(OpenAIGPTConfig(**SIZES, afn="relu", tie_word_embeddings=False))


def _fill(model: nn.Module, name: str) -> None:
    parameters = draw_parameters(model, Draw(name))
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            parameter.copy_(parameters[key])
