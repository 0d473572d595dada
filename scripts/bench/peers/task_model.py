"""transformers' GPT-2 with a task head, as a careful user writes it."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import GPT2Config, GPT2Model

from task_batches import Batch

TASKS = ("classification", "entailment", "similarity", "multiple-choice")


class TaskModel(nn.Module):
    def __init__(self, directory: Path, head: Path, task: str, dropout: float, reduction: str):
        super().__init__()
        self.task, self.dropout, self.reduction = task, dropout, reduction
        self.transformer = GPT2Model.from_pretrained(directory, config=_config(directory, dropout), dtype=torch.float32)
        # The file may be a whole fine-tuned model's.
        weights = {name: value for name, value in load_file(head).items() if name.startswith("head.")}
        outputs, width = weights["head.weight"].shape
        self.head = nn.Linear(width, outputs)
        self.head.load_state_dict({name.removeprefix("head."): value for name, value in weights.items()})
        self.is_score = task == "similarity" and outputs == 1

    def logits(self, batch: Batch) -> Tensor:
        return self._answer(self._hidden(batch), batch)

    def sums(self, batch: Batch, language_modeling: bool) -> tuple[Tensor, Tensor | None]:
        """The task's loss summed over examples; language modelling's summed over sequences, or over tokens."""
        hidden = self._hidden(batch)
        answer = self._answer(hidden, batch)
        if self.is_score:
            task = F.mse_loss(answer[:, 0], batch.labels, reduction="sum")
        else:
            task = F.cross_entropy(answer, batch.labels, reduction="sum")
        if not language_modeling:
            return task, None
        # Only of places that have a target: padding costs no work in the largest matrix product.
        logits = F.linear(hidden[batch.places], self.transformer.wte.weight)  # (targets, vocabulary)
        if self.reduction == "token":
            return task, F.cross_entropy(logits, batch.targets, reduction="sum")
        return task, F.cross_entropy(logits, batch.targets, reduction="none") @ batch.weights

    def _hidden(self, batch: Batch) -> Tensor:
        """(S · T, width). No mask is needed: padding stands behind, and attention is causal."""
        return self.transformer(batch.tokens, use_cache=False).last_hidden_state.flatten(0, 1)

    def _answer(self, hidden: Tensor, batch: Batch) -> Tensor:
        """(N, classes), (N, 1) for scores, (N, most choices) with -∞ where there is none."""
        extract = hidden[batch.extracts]  # (S, width)
        if self.task == "multiple-choice":
            return self._choices(extract, batch)
        if self.task == "similarity":
            extract = extract.view(len(batch.labels), 2, -1).sum(1)  # both orders
        return self.head(F.dropout(extract, self.dropout, self.training))

    def _choices(self, extract: Tensor, batch: Batch) -> Tensor:
        if self.training and self.dropout > 0:
            # One mask an example, so that its choices are compared on the same part of the hidden state.
            mask = F.dropout(extract.new_ones(len(batch.labels), extract.shape[1]), self.dropout)
            extract = extract * mask[batch.example_of]
        scores = F.pad(self.head(extract)[:, 0], (0, 1), value=float("-inf"))  # (S + 1)
        return scores[batch.choices]


def _config(directory: Path, dropout: float) -> GPT2Config:
    config = GPT2Config.from_pretrained(
        directory, attn_implementation="sdpa", embd_pdrop=dropout, attn_pdrop=dropout, resid_pdrop=dropout
    )
    if config.activation_function == "gelu_new":
        config.activation_function = "gelu_pytorch_tanh"  # the same function as one operator instead of eight
    return config
