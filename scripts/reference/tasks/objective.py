"""L_FT, L_PT and the head, written plainly on transformers' hidden states and logits."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from case import Tensors
from tasks.task import PADDING, Assembled, Task
from tiny_models import TinyModel


@dataclass(frozen=True)
class Totals:
    """Sums over a batch, each with the number of its own units: what is summed over micro-batches."""

    logits: Tensor
    """(examples, classes), (examples, 1) for a score; (choices of all examples,) for multiple choice."""
    fine_tuning: Tensor
    """Sum over examples."""
    by_sequence: Tensor
    """Sum over sequences of the mean over a sequence's targets."""
    by_token: Tensor
    """Sum over targets."""
    examples: int
    sequences: int
    tokens: int


def totals(
    model: TinyModel, parameters: Tensors, task: Task, batch: list[Assembled], labels: list[int | float]
) -> Totals:
    """`parameters` are the model's, and head.weight (outputs, width) and head.bias (outputs,)."""
    assert model.states is not None
    sequences = [tokens for example in batch for tokens in example.sequences]
    lengths = torch.tensor([len(tokens) for tokens in sequences])
    padded = torch.tensor([tokens + [PADDING] * (int(lengths.max()) - len(tokens)) for tokens in sequences])  # (S, T)
    language_model = {name: value for name, value in parameters.items() if not name.startswith("head.")}
    hidden, next_token = model.states(language_model, padded)  # (S, T, width), (S, T, vocabulary)

    extract = hidden[torch.arange(len(sequences)), lengths - 1]  # (S, width)
    logits = _head(task, extract, [len(example.sequences) for example in batch], parameters)
    losses = _token_losses(next_token, sequences)
    return Totals(
        logits=torch.cat(logits) if task.name == "multiple_choice" else torch.stack(logits),
        fine_tuning=torch.stack([_loss(task, row, label) for row, label in zip(logits, labels, strict=True)]).sum(),
        by_sequence=torch.stack([of_one.mean() for of_one in losses]).sum(),
        by_token=torch.cat(losses).sum(),
        examples=len(batch),
        sequences=len(sequences),
        tokens=sum(len(of_one) for of_one in losses),
    )


def _head(task: Task, extract: Tensor, counts: list[int], parameters: Tensors) -> list[Tensor]:
    """The logits of each example: (classes,), or (choices,)."""
    weight, bias = parameters["head.weight"], parameters["head.bias"]
    examples = extract.split(counts)  # each (sequences of the example, width)
    if task.name == "multiple_choice":
        return [(states @ weight.T + bias)[:, 0] for states in examples]
    # One sequence, or both orders: their hidden states are added.
    return [states.sum(dim=0) @ weight.T + bias for states in examples]


def _loss(task: Task, logits: Tensor, label: int | float) -> Tensor:
    if task.name == "score":
        return (logits[0] - label) ** 2
    return cross_entropy(logits, torch.tensor(label))


def _token_losses(next_token: Tensor, sequences: list[list[int]]) -> list[Tensor]:
    """-log P(x_{t+1} | x_1 … x_t) of each real token after the first, a tensor (length - 1,) a sequence."""
    losses = []
    for logits, tokens in zip(next_token, sequences, strict=True):
        losses.append(cross_entropy(logits[: len(tokens) - 1], torch.tensor(tokens[1:]), reduction="none"))
    return losses
