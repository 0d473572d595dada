"""Cross-entropy of logits, and of hidden states through an output matrix."""

import torch
from torch import Tensor
from torch.nn.functional import linear

from case import Case, Run, Tensors
from draw import Draw
from objective import IGNORED, next_token_loss

VOCABULARY, WIDTH = 13, 12
# Which of the six targets are ignored.
NONE, SOME, ALL = (), (1, 2, 5), (0, 1, 2, 3, 4, 5)


def cases() -> list[Case]:
    variants = [
        ("mean", "mean", NONE),
        ("sum", "sum", NONE),
        ("ignored_mean", "mean", SOME),
        ("ignored_sum", "sum", SOME),
        ("all_ignored_mean", "mean", ALL),
        ("all_ignored_sum", "sum", ALL),
    ]
    return [
        *(_from_logits(f"cross_entropy_{name}", reduction, ignored) for name, reduction, ignored in variants),
        *(_from_hidden(f"linear_cross_entropy_{name}", reduction, ignored) for name, reduction, ignored in variants),
        # exp(90) overflows float32: the greatest logit has to be taken off first.
        _from_logits("cross_entropy_large_logits", "mean", NONE, std=90.0),
        _from_logits("cross_entropy_one_row", "mean", NONE, shape=(1, 1)),
    ]


def _from_logits(
    name: str, reduction: str, ignored: tuple[int, ...], std: float = 2.0, shape: tuple[int, int] = (2, 3)
) -> Case:
    draw = Draw(name)

    def run(inputs: Tensors, _: Tensors) -> Tensors:
        return {"loss": next_token_loss(inputs["logits"], inputs["targets"], reduction)}

    inputs = {"logits": draw.normal(*shape, VOCABULARY, std=std), "targets": _targets(draw, shape, ignored)}
    return _case(name, "torch.nn.functional.cross_entropy", reduction, ignored, inputs, {}, run)


def _from_hidden(name: str, reduction: str, ignored: tuple[int, ...]) -> Case:
    draw = Draw(name)

    def run(inputs: Tensors, parameters: Tensors) -> Tensors:
        logits = linear(inputs["hidden"], parameters["weight"])
        return {"loss": next_token_loss(logits, inputs["targets"], reduction)}

    inputs = {"hidden": draw.normal(2, 3, WIDTH), "targets": _targets(draw, (2, 3), ignored)}
    parameters = draw.parameters({"weight": (VOCABULARY, WIDTH)})
    return _case(name, "torch cross_entropy(linear(hidden, weight))", reduction, ignored, inputs, parameters, run)


def _targets(draw: Draw, shape: tuple[int, int], ignored: tuple[int, ...]) -> Tensor:
    targets = draw.tokens(*shape, below=VOCABULARY)
    return targets.flatten().index_fill(0, torch.tensor(ignored, dtype=torch.int64), IGNORED).view(shape)


def _case(
    name: str,
    reference: str,
    reduction: str,
    ignored: tuple[int, ...],
    inputs: Tensors,
    parameters: Tensors,
    run: Run,
) -> Case:
    rule = "all targets ignored: gptorch's loss is 0 with zero gradients, where PyTorch's mean gives nan"
    return Case(
        name=f"modules/{name}",
        reference=reference,
        config={"vocabSize": VOCABULARY, "reduction": reduction, "ignoreIndex": IGNORED},
        inputs=inputs,
        parameters=parameters,
        run=run,
        notes={"rule": rule} if ignored == ALL else {},
    )
