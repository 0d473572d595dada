"""One batch: logits, both losses in both reductions, and every gradient; also accumulated over micro-batches."""

from collections.abc import Callable

import torch
from torch import Tensor

from case import Tensors
from draw import Draw
from fixture import Fixture, Source
from record import stored
from tasks.examples import MAX_LENGTH, awkward
from tasks.manifest import LAMBDA, SPECIAL, manifest
from tasks.objective import Totals, totals
from tasks.task import Example, Task, assemble
from tiny_models import TinyModel

Loss = Callable[[Totals, Totals], Tensor]
"""A batch's share of the step's loss: of the batch's totals, and the whole step's for their numbers of units."""


def head(task: Task, draw: Draw, width: int) -> Tensors:
    # Squared errors of far too large scores would drown the language model's part.
    return {
        "head.weight": draw.normal(task.outputs, width, std=0.1 if task.name == "score" else 0.4),
        "head.bias": draw.normal(task.outputs, std=0.2),
    }


def fine_tuning(batch: Totals, step: Totals) -> Tensor:
    return batch.fine_tuning / step.examples


def by_sequence(batch: Totals, step: Totals) -> Tensor:
    return batch.by_sequence / step.sequences


def by_token(batch: Totals, step: Totals) -> Tensor:
    return batch.by_token / step.tokens


def loss_sequence(batch: Totals, step: Totals) -> Tensor:
    return fine_tuning(batch, step) + LAMBDA * by_sequence(batch, step)


def loss_token(batch: Totals, step: Totals) -> Tensor:
    return fine_tuning(batch, step) + LAMBDA * by_token(batch, step)


OUTPUTS: dict[str, Loss] = {
    "fineTuningLoss": fine_tuning,
    "languageModelingLossSequence": by_sequence,
    "languageModelingLossToken": by_token,
    "lossSequence": loss_sequence,
    "lossToken": loss_token,
}
GRADIENTS: dict[str, Loss] = {
    "gradients": loss_sequence,
    "gradientsToken": loss_token,
    "gradientsFineTuning": fine_tuning,
}


def source(model: TinyModel, task: Task) -> Source:
    name = f"tasks/{model.name}_{task.name}"
    return Source(name, lambda dtype: _whole(name, model, task, dtype))


def accumulated(model: TinyModel, task: Task, micro_batches: list[list[int]]) -> Source:
    name = f"tasks/{model.name}_{task.name}_accumulate"
    return Source(name, lambda dtype: _accumulated(name, model, task, micro_batches, dtype))


def _whole(name: str, model: TinyModel, task: Task, dtype: torch.dtype) -> Fixture:
    draw = Draw(name)
    examples = awkward(task, draw, model.config.vocabSize)
    parameters = _leaves(model, head(task, draw, model.config.width), dtype)
    step = _run(model, parameters, task, examples)
    tensors = _outputs(step, parameters)
    not_reached = _add_gradients(tensors, _unseen(model, task), parameters, [step], step)
    facts = {**manifest(model, task, examples), "notReached": not_reached, "trulyZero": _unseen(model, task)}
    return Fixture(name, facts, {key: stored(value) for key, value in tensors.items()})


def _accumulated(
    name: str, model: TinyModel, task: Task, micro_batches: list[list[int]], dtype: torch.dtype
) -> Fixture:
    draw = Draw(name)
    examples = awkward(task, draw, model.config.vocabSize)[: sum(map(len, micro_batches))]
    parameters = _leaves(model, head(task, draw, model.config.width), dtype)
    step = _run(model, parameters, task, examples)
    batches = [_run(model, parameters, task, [examples[index] for index in batch]) for batch in micro_batches]
    tensors = _outputs(step, parameters)
    not_reached = _add_gradients(tensors, _unseen(model, task), parameters, batches, step)
    whole: Tensors = {}
    _add_gradients(whole, _unseen(model, task), parameters, [step], step)
    for key, value in whole.items():
        torch.testing.assert_close(tensors[key], value, rtol=1e-4 if dtype == torch.float32 else 1e-9, atol=1e-6)
    facts = {
        **manifest(model, task, examples),
        "notReached": not_reached,
        "trulyZero": _unseen(model, task),
        "microBatches": micro_batches,
        "units": [{"examples": b.examples, "sequences": b.sequences, "tokens": b.tokens} for b in batches],
        "accumulated": "each loss is divided by its own units of the whole step: examples, sequences or tokens",
    }
    return Fixture(name, facts, {key: stored(value) for key, value in tensors.items()})


def _leaves(model: TinyModel, head_parameters: Tensors, dtype: torch.dtype) -> Tensors:
    values = model.parameters_in(dtype) | {name: value.to(dtype) for name, value in head_parameters.items()}
    return {name: value.clone().requires_grad_() for name, value in values.items()}


def _run(model: TinyModel, parameters: Tensors, task: Task, examples: list[Example]) -> Totals:
    batch = [assemble(task, example, SPECIAL, MAX_LENGTH) for example in examples]
    return totals(model, parameters, task, batch, [example.label for example in examples])


def _outputs(step: Totals, parameters: Tensors) -> Tensors:
    return {
        **{f"parameters/{name}": value for name, value in parameters.items() if name.startswith("head.")},
        "outputs/logits": step.logits,
        **{f"outputs/{name}": loss(step, step) for name, loss in OUTPUTS.items()},
    }


def _add_gradients(
    tensors: Tensors, unseen: dict[str, list[str]], parameters: Tensors, batches: list[Totals], step: Totals
) -> dict[str, list[str]]:
    """Adds the sums over the batches to `tensors`; returns what no gradient reaches, by kind."""
    not_reached = {}
    for kind, loss in GRADIENTS.items():
        whole = torch.stack([loss(batch, step) for batch in batches]).sum()
        found = torch.autograd.grad(whole, list(parameters.values()), allow_unused=True, retain_graph=True)
        gradients = dict(zip(parameters, found, strict=True))
        not_reached[kind] = [name for name, value in gradients.items() if value is None]
        for name, value in gradients.items():
            tensors[f"{kind}/{name}"] = torch.zeros_like(parameters[name]) if value is None else value
        for name in unseen[kind]:
            _set_zero(tensors, f"{kind}/{name}")
    return not_reached


def _unseen(model: TinyModel, task: Task) -> dict[str, list[str]]:
    """Names by kind of gradient. The softmax over the choices does not see what all choices' scores share."""
    if task.name != "multiple_choice":
        return {kind: [] for kind in GRADIENTS}
    last = "ln_f" if model.config.normPosition == "pre" else f"h.{model.config.layers - 1}.ln_2"
    # The language model's loss does see the last norm's bias.
    return {kind: ["head.bias"] for kind in GRADIENTS} | {
        "gradientsFineTuning": ["head.bias", f"transformer.{last}.bias"]
    }


def _set_zero(tensors: Tensors, name: str) -> None:
    if float(tensors[name].abs().max()) > 1e-6:
        raise AssertionError(f"{name} is {tensors[name].tolist()}: more than rounding")
    tensors[name] = torch.zeros_like(tensors[name])
