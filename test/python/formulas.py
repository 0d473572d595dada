"""A GPT written from the papers in NumPy, one position and one head at a time: slow, and like no library's code."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Array = np.ndarray
Weights = Mapping[str, Array]
Config = Mapping[str, Any]


def layer_norm(x: Array, weight: Array, bias: Array, eps: float) -> Array:
    variance = ((x - x.mean(-1, keepdims=True)) ** 2).mean(-1, keepdims=True)
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(variance + eps) * weight + bias


def gelu_tanh(x: Array) -> Array:
    return x / (1 + np.exp(-2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def gelu(x: Array) -> Array:
    return x * np.vectorize(lambda v: 0.5 * math.erfc(-v / math.sqrt(2)))(x)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "gelu_tanh": gelu_tanh,
    "gelu": gelu,
    "relu": lambda x: np.where(x > 0, x, 0.0),
}


def linear(x: Array, weights: Weights, name: str) -> Array:
    return x @ weights[f"{name}.weight"] + weights.get(f"{name}.bias", 0.0)


def attention(x: Array, weights: Weights, name: str, config: Config) -> Array:
    """x (T, width). Position t attends to t-window+1 … t."""
    heads, head_width = config["heads"], config["headWidth"]
    window = config.get("attentionWindow", len(x))
    query, key, value = np.split(linear(x, weights, f"{name}c_attn"), 3, axis=-1)
    mixed = np.zeros((len(x), heads * head_width))
    for head in range(heads):
        columns = slice(head * head_width, (head + 1) * head_width)
        for t in range(len(x)):
            seen = slice(max(0, t - window + 1), t + 1)
            scores = np.array([query[t, columns] @ k for k in key[seen, columns]]) / head_width**0.5
            shares = np.exp(scores - scores.max())
            mixed[t, columns] = (shares / shares.sum()) @ value[seen, columns]
    return linear(mixed, weights, f"{name}c_proj")


def feed_forward(x: Array, weights: Weights, name: str, config: Config) -> Array:
    return linear(ACTIVATIONS[config["activation"]](linear(x, weights, f"{name}c_fc")), weights, f"{name}c_proj")


def block(x: Array, weights: Weights, name: str, config: Config) -> Array:
    def norm(value: Array, which: str) -> Array:
        at = f"{name}{which}"
        return layer_norm(value, weights[f"{at}.weight"], weights[f"{at}.bias"], config["layerNormEps"])

    if config["normPosition"] == "pre":
        x = x + attention(norm(x, "ln_1"), weights, f"{name}attn.", config)
        return x + feed_forward(norm(x, "ln_2"), weights, f"{name}mlp.", config)
    n = norm(x + attention(x, weights, f"{name}attn.", config), "ln_1")
    return norm(n + feed_forward(n, weights, f"{name}mlp.", config), "ln_2")


def embeddings(weights: Weights) -> tuple[Array, Array]:
    """Of tokens and of positions, under GPT-1's names or GPT-2's."""
    gpt1 = "transformer.tokens_embed.weight" in weights
    names = ("tokens_embed", "positions_embed") if gpt1 else ("wte", "wpe")
    return weights[f"transformer.{names[0]}.weight"], weights[f"transformer.{names[1]}.weight"]


def hidden(tokens: Array, weights: Weights, config: Config) -> Array:
    """tokens (T,) to the states (T, width) that the output layer gets. Post-LN has no final norm."""
    embedding, positions = embeddings(weights)
    x = embedding[tokens] + positions[: len(tokens)]
    for layer in range(config["layers"]):
        x = block(x, weights, f"transformer.h.{layer}.", config)
    if config["normPosition"] == "pre":
        norm = [weights[f"transformer.ln_f.{part}"] for part in ("weight", "bias")]
        x = layer_norm(x, norm[0], norm[1], config["layerNormEps"])
    return x


def output(states: Array, weights: Weights, config: Config) -> Array:
    """States (T, width) to logits (T, vocabulary); a tied output is the token embedding."""
    return states @ (embeddings(weights)[0] if config["tiedEmbedding"] else weights["lm_head.weight"]).T


def logits(tokens: Array, weights: Weights, config: Config) -> Array:
    return output(hidden(tokens, weights, config), weights, config)


def log_softmax(x: Array) -> Array:
    shifted = x - x.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def loss(rows: Array, targets: Array, reduction: str = "mean") -> float:
    """rows (N, vocabulary), targets (N,); -100 is ignored; the mean of nothing is 0."""
    picked = [log_softmax(row)[target] for row, target in zip(rows, targets, strict=True) if target != -100]
    total = -float(sum(picked))
    return total / max(len(picked), 1) if reduction == "mean" else total
