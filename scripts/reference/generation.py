"""Greedy continuations, and the log-probabilities of given tokens."""

import torch
from torch import Tensor

from draw import Draw
from fixture import Fixture, Source
from record import stored
from tiny_models import TinyModel

PROMPT_LENGTH, NEW_TOKENS = 8, 32
LEAST_MARGIN = 1e-3
"""Between the two greatest logits. Were one closer, rounding could choose another token and all that follow."""


def sources(models: list[TinyModel]) -> list[Source]:
    return [_source(model) for model in models]


def _source(model: TinyModel) -> Source:
    name = f"generation/{model.name}"
    draw = Draw(name)
    prompt = draw.tokens(PROMPT_LENGTH, below=model.config.vocabSize)
    scored = draw.tokens(model.config.contextLength, below=model.config.vocabSize)

    def make(dtype: torch.dtype) -> Fixture:
        parameters = model.parameters_in(dtype)
        continuation, margin = greedy(model, parameters, prompt)
        log_probs = score(model, parameters, scored)
        manifest = {
            "reference": f"{model.reference}: argmax of the last logits, the whole sequence computed for each token",
            "model": model.directory,
            "leastMargin": round(margin, 4),
            "logProbs": "logProbs[i] = log P(tokens[i+1] | tokens[0 … i]); the loss is minus their mean",
        }
        tensors = {
            "inputs/prompt": prompt,
            "outputs/continuation": continuation,
            "inputs/tokens": scored,
            "outputs/logProbs": log_probs,
            "outputs/loss": -log_probs.mean(),
        }
        return Fixture(name, manifest, {key: stored(value) for key, value in tensors.items()})

    return Source(name, make)


@torch.no_grad()
def greedy(model: TinyModel, parameters: dict[str, Tensor], prompt: Tensor) -> tuple[Tensor, float]:
    tokens, least = prompt, float("inf")
    for _ in range(NEW_TOKENS):
        best = model.logits(parameters, tokens[None])[0, -1].topk(2)
        least = min(least, float(best.values[0] - best.values[1]))
        tokens = torch.cat([tokens, best.indices[:1]])
    continuation = tokens[len(prompt) :]
    if least < LEAST_MARGIN:
        raise AssertionError(f"{model.name}: a margin of {least:.2g} is too close; draw other parameters")
    if len(continuation.unique()) < 4:
        raise AssertionError(f"{model.name}: the continuation {continuation.tolist()} shows too little")
    return continuation, least


@torch.no_grad()
def score(model: TinyModel, parameters: dict[str, Tensor], tokens: Tensor) -> Tensor:
    log_probs = model.logits(parameters, tokens[None])[0].log_softmax(dim=-1)  # (T, vocabulary)
    return log_probs[:-1].gather(1, tokens[1:, None])[:, 0]
