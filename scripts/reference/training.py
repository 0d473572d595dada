"""Ten optimizer steps: AdamW, decay on matrices only, clipping by the global norm, cosine schedule with warm-up."""

import math

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from draw import Draw
from fixture import Fixture, Source
from objective import IGNORED, next_token_loss
from record import stored
from tiny_models import TinyModel

STEPS, BATCH, LENGTH = 10, 3, 12
OPTIMIZER = {"lr": 0.01, "betas": [0.9, 0.95], "eps": 1e-8, "weightDecay": 0.1}
SCHEDULE = {"warmup": 3, "steps": STEPS, "minLr": 0.001}
MAX_NORM = 1.0
LOSS_WEIGHTS = [1.0, 1.0, 1.0, 0.1, 1.0, 1.0, 1.0, 1.0, 0.1, 1.0]
"""A tenth, as a tenth of an accumulated step has, keeps the norm below MAX_NORM: those steps are not clipped."""


def source(model: TinyModel) -> Source:
    name = f"training/{model.name}_adamw"
    return Source(name, lambda dtype: _make(name, model, dtype))


def learning_rate(step: int) -> float:
    """Linear to lr over the first `warmup` steps, then a half cosine to minLr at `steps`. `step` counts from 0."""
    lr, warmup, steps, least = OPTIMIZER["lr"], SCHEDULE["warmup"], SCHEDULE["steps"], SCHEDULE["minLr"]
    if step < warmup:
        return lr * (step + 1) / (warmup + 1)
    progress = (step - warmup) / (steps - warmup)
    return least + 0.5 * (1 + math.cos(math.pi * progress)) * (lr - least)


def _make(name: str, model: TinyModel, dtype: torch.dtype) -> Fixture:
    draw = Draw(name)
    tokens = draw.tokens(STEPS, BATCH, LENGTH + 1, below=model.config.vocabSize)
    inputs, targets = tokens[..., :-1].contiguous(), tokens[..., 1:].clone()
    targets[:, 0, :5] = IGNORED
    parameters = {name: value.clone().requires_grad_() for name, value in model.parameters_in(dtype).items()}
    optimizer = adamw(parameters, OPTIMIZER)

    losses, norms, rates = [], [], []
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        optimizer.zero_grad()
        loss = next_token_loss(model.logits(parameters, inputs[step]), targets[step])
        (LOSS_WEIGHTS[step] * loss).backward()
        norms.append(clip_grad_norm_(parameters.values(), MAX_NORM))
        optimizer.step()
        losses.append(loss.detach())
        rates.append(learning_rate(step))
    if not min(norms) < MAX_NORM < max(norms):
        raise AssertionError(f"clipping is to act in some steps only; norms {[round(float(n), 3) for n in norms]}")

    tensors = {
        "inputs/tokens": inputs,
        "inputs/targets": targets,
        "inputs/lossWeights": torch.tensor(LOSS_WEIGHTS, dtype=torch.float64),
        "inputs/learningRates": torch.tensor(rates, dtype=torch.float64),
        "outputs/losses": torch.stack(losses),
        "outputs/gradientNorms": torch.stack(norms),
        **{f"parameters/{key}": value for key, value in parameters.items()},
        **_moments(parameters, optimizer),
    }
    return Fixture(name, _manifest(model), {key: stored(value) for key, value in tensors.items()})


def adamw(parameters: dict[str, Tensor], settings: dict[str, float | list[float]]) -> torch.optim.AdamW:
    """Decoupled decay on parameters of two or more dimensions."""
    matrices = [value for value in parameters.values() if value.ndim >= 2]
    vectors = [value for value in parameters.values() if value.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": settings["weightDecay"]},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings["lr"], betas=tuple(settings["betas"]), eps=settings["eps"])


def _moments(parameters: dict[str, Tensor], optimizer: torch.optim.AdamW) -> dict[str, Tensor]:
    first = {f"firstMoments/{name}": optimizer.state[value]["exp_avg"] for name, value in parameters.items()}
    second = {f"secondMoments/{name}": optimizer.state[value]["exp_avg_sq"] for name, value in parameters.items()}
    return first | second


def _manifest(model: TinyModel) -> dict[str, object]:
    return {
        "reference": f"{model.reference}; torch.optim.AdamW, clip_grad_norm_ over all parameters",
        "model": model.directory,
        "optimizer": {**OPTIMIZER, "decayed": "parameters of two or more dimensions"},
        "schedule": {**SCHEDULE, "formula": "lr·(s+1)/(warmup+1), then a half cosine from lr to minLr; s from 0"},
        "maxNorm": MAX_NORM,
        "leaveOut": "the key third of every attn.c_attn.bias: its true gradient is zero, AdamW amplifies the rounding",
    }
