"""Batches of a fine-tuning plan, as gptorch writes it: JSON lines of token ids, padded here as there."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

PADDING = 0


@dataclass(frozen=True)
class Examples:
    """A batch before it is padded."""

    sequences: list[Tensor]
    """Token ids of each, the extract token last."""
    counts: list[int]
    """Sequences of each example."""
    labels: Tensor
    """(N): classes or choices; scores are float32."""

    @property
    def target_count(self) -> int:
        return sum(len(tokens) - 1 for tokens in self.sequences)


@dataclass(frozen=True)
class Step:
    lr: float
    micro_batches: list[Examples]


@dataclass(frozen=True)
class Batch:
    """N examples of S sequences together; places are those in the S · T tokens."""

    tokens: Tensor
    """(S, T)"""
    extracts: Tensor
    """(S): places of the extract tokens."""
    places: Tensor
    """(targets): places that have a next token."""
    targets: Tensor
    """(targets): the token after each."""
    weights: Tensor
    """(targets): 1 / targets of the sequence."""
    example_of: Tensor
    """(S): the example of each sequence."""
    choices: Tensor
    """(N, most sequences): the sequence of each choice; S where an example has no such choice."""
    labels: Tensor


def read_plan(file: Path, scores: bool) -> list[Step]:
    return [
        Step(float(line["lr"]), [read_examples(batch, scores) for batch in line["microBatches"]])
        for line in _lines(file)
    ]


def read_batches(file: Path, scores: bool) -> list[Examples]:
    """One batch a line, alone or as the plan has them."""
    return [read_examples(batch, scores) for line in _lines(file) for batch in line.get("microBatches", [line])]


def read_examples(batch: dict, scores: bool) -> Examples:
    labels = torch.tensor(batch["labels"], dtype=torch.float32 if scores else torch.int64)
    sequences = [torch.tensor(sequence, dtype=torch.int64) for sequence in batch["sequences"]]
    if sum(batch["group"]) != len(sequences) or len(batch["group"]) != len(labels):
        raise ValueError(f"{len(sequences)} sequences and {len(labels)} labels for groups {batch['group']}")
    return Examples(sequences, batch["group"], labels)


def pad(examples: Examples) -> Batch:
    tokens = pad_sequence(examples.sequences, batch_first=True, padding_value=PADDING)  # (S, T)
    count, longest = tokens.shape
    lengths = torch.tensor([len(sequence) for sequence in examples.sequences])
    rows = torch.arange(longest)
    places = (rows < (lengths - 1)[:, None]).flatten().nonzero()[:, 0]
    counts = torch.tensor(examples.counts)
    first = counts.cumsum(0) - counts
    nth = torch.arange(max(examples.counts))
    return Batch(
        tokens=tokens,
        extracts=torch.arange(count) * longest + lengths - 1,
        places=places,
        targets=tokens.flatten()[places + 1],
        weights=(1 / (lengths - 1)).repeat_interleave(lengths - 1),
        example_of=torch.arange(len(counts)).repeat_interleave(counts),
        choices=torch.where(nth < counts[:, None], first[:, None] + nth, count),
        labels=examples.labels,
    )


def _lines(file: Path) -> Iterator[dict]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
