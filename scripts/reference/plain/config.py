"""The fields of gptorch's GPTConfig that change what a model computes. Names are those of config.json."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Config:
    vocabSize: int  # noqa: N815
    contextLength: int  # noqa: N815
    layers: int
    heads: int
    width: int
    feedForwardWidth: int  # noqa: N815
    headWidth: int  # noqa: N815
    normPosition: Literal["pre", "post"] = "pre"  # noqa: N815
    activation: Literal["gelu_tanh", "gelu", "relu"] = "gelu_tanh"
    tiedEmbedding: bool = True  # noqa: N815
    bias: bool = True
    attentionWindow: int | None = None  # noqa: N815
    layerNormEps: float = 1e-5  # noqa: N815
