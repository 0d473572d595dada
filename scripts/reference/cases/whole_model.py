"""Whole models: logits, loss and every gradient."""

from dataclasses import asdict

from torch import Tensor

from case import Case, Tensors
from draw import Draw
from objective import IGNORED, next_token_loss
from tiny_models import TinyModel


def cases(models: list[TinyModel]) -> list[Case]:
    return [case for model in models for case in _of(model)]


def _of(model: TinyModel) -> list[Case]:
    return [
        _case(model, "batch", batch=3, length=10),
        _case(model, "full_context", batch=1, length=model.config.contextLength),
        _case(model, "length_one", batch=2, length=1),
    ]


def _case(model: TinyModel, shape: str, batch: int, length: int) -> Case:
    draw = Draw(f"{model.name} {shape}")
    tokens = draw.tokens(batch, length, below=model.config.vocabSize)
    targets = draw.tokens(batch, length, below=model.config.vocabSize)

    def run(inputs: Tensors, parameters: Tensors) -> Tensors:
        logits = model.logits(parameters, inputs["tokens"])
        return {"logits": logits, "loss": next_token_loss(logits, inputs["targets"])}

    return Case(
        name=f"forward/{model.name}_{shape}",
        reference=model.reference,
        config={key: value for key, value in asdict(model.config).items() if value is not None},
        inputs={"tokens": tokens, "targets": _some_ignored(targets)},
        parameters=model.parameters,
        run=run,
        model=model.directory,
    )


def _some_ignored(targets: Tensor) -> Tensor:
    """Every seventh target from the third on, so that short inputs keep all of theirs."""
    targets = targets.clone()
    targets.view(-1)[2::7] = IGNORED
    return targets
