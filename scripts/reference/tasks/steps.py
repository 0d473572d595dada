"""Thirty steps of fine-tuning as GPT-1's: AdamW, decay on matrices, clipping by the global norm, linear schedule."""

import torch
from torch.nn.utils import clip_grad_norm_

from case import Tensors
from draw import Draw
from fixture import Fixture, Source
from record import stored
from tasks.examples import MAX_LENGTH, pool
from tasks.gradients import by_sequence, fine_tuning, head
from tasks.manifest import LAMBDA, SPECIAL, manifest
from tasks.objective import totals
from tasks.task import Example, Task, assemble
from tiny_models import TinyModel
from training import adamw

STEPS, POOL, BATCH = 30, 24, 4
OPTIMIZER = {"lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-8, "weightDecay": 0.01}
SCHEDULE = {"kind": "linear", "warmup": 3, "steps": STEPS, "minLr": 0.0}
MAX_NORM = 1.0


def source(model: TinyModel, task: Task) -> Source:
    name = f"tasks/{model.name}_{task.name}_steps"
    return Source(name, lambda dtype: _make(name, model, task, dtype))


def learning_rate(step: int) -> float:
    """Linear to lr over the first `warmup` steps, then linear to 0 at `steps`. `step` counts from 0."""
    lr, warmup = OPTIMIZER["lr"], SCHEDULE["warmup"]
    if step < warmup:
        return lr * (step + 1) / (warmup + 1)
    return lr * (1 - (step - warmup) / (STEPS - warmup))


def order(draw: Draw) -> list[list[int]]:
    """The examples of each step: every epoch goes through the pool once."""
    epochs = [draw.normal(POOL).argsort().tolist() for _ in range(STEPS * BATCH // POOL)]
    flat = [index for epoch in epochs for index in epoch]
    return [flat[at : at + BATCH] for at in range(0, len(flat), BATCH)]


def _make(name: str, model: TinyModel, task: Task, dtype: torch.dtype) -> Fixture:
    draw = Draw(name)
    examples = pool(task, draw, model.config.vocabSize, POOL)
    initial_head = head(task, draw, model.config.width)
    steps = order(draw)
    values = model.parameters_in(dtype) | {key: value.to(dtype) for key, value in initial_head.items()}
    parameters = {key: value.clone().requires_grad_() for key, value in values.items()}
    curves = _train(model, task, parameters, [[examples[index] for index in step] for step in steps])
    norms = curves["outputs/gradientNorms"]
    tensors = {
        "inputs/learningRates": torch.tensor([learning_rate(step) for step in range(STEPS)], dtype=torch.float64),
        **{f"initial/{key}": value for key, value in initial_head.items()},
        **{f"parameters/{key}": value for key, value in parameters.items()},
        **curves,
    }
    facts = {
        **manifest(model, task, examples),
        **_facts(task),
        "steps": steps,
        "clipped": int((norms > MAX_NORM).sum()),
    }
    return Fixture(name, facts, {key: stored(value) for key, value in tensors.items()})


def _train(model: TinyModel, task: Task, parameters: Tensors, steps: list[list[Example]]) -> Tensors:
    optimizer = adamw(parameters, OPTIMIZER)
    rows = []
    for step, examples in enumerate(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        optimizer.zero_grad()
        batch = [assemble(task, example, SPECIAL, MAX_LENGTH) for example in examples]
        found = totals(model, parameters, task, batch, [example.label for example in examples])
        task_loss, language_loss = fine_tuning(found, found), by_sequence(found, found)
        loss = task_loss + LAMBDA * language_loss
        loss.backward()
        norm = clip_grad_norm_(parameters.values(), MAX_NORM)
        optimizer.step()
        rows.append(torch.stack([loss, task_loss, language_loss, norm]).detach())
    losses, task_losses, language_losses, norms = torch.stack(rows, dim=1)
    return {
        "outputs/losses": losses,
        "outputs/fineTuningLosses": task_losses,
        "outputs/languageModelingLosses": language_losses,
        "outputs/gradientNorms": norms,
    }


def _facts(task: Task) -> dict[str, object]:
    leave_out = "the key third of every attn.c_attn.bias: its true gradient is zero, AdamW amplifies the rounding"
    if task.name == "multiple_choice":
        leave_out += "; head.bias, for the same reason"
    return {
        "reduction": "sequence",
        "optimizer": {**OPTIMIZER, "decayed": "parameters of two or more dimensions, head.weight included"},
        "lrNote": "the paper's 6.25e-5 would change too little in 30 steps to show a fault",
        "schedule": {
            **SCHEDULE,
            "formula": "lr·(s+1)/(warmup+1), then a straight line from lr to 0 at steps; s from 0",
        },
        "maxNorm": MAX_NORM,
        "leaveOut": leave_out,
    }
