"""The ten optimizer steps anew: AdamW, clipping and schedule written out by hand, gradients of the plain model."""

import json
import math
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.func import functional_call

import harness

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "test" / "fixtures" / "parity"
sys.path.insert(0, str(ROOT / "scripts" / "reference"))


def checks() -> list[harness.Check]:
    return harness.in_module(globals())


def check_adamw_by_hand() -> None:
    fixture = load_file(FIXTURES / "training" / "gpt2_adamw.safetensors")
    manifest = json.loads((FIXTURES / "training" / "gpt2_adamw.json").read_text("utf-8"))
    settings = manifest["optimizer"]
    values = {n: v.double() for n, v in load_file(FIXTURES / manifest["model"] / "model.safetensors").items()}
    first = {name: torch.zeros_like(value) for name, value in values.items()}
    second = {name: torch.zeros_like(value) for name, value in values.items()}
    beta1, beta2 = settings["betas"]
    for step in range(10):
        weight = float(fixture["inputs/lossWeights"][step])
        loss, gradients = _gradients(values, fixture["inputs/tokens"][step], fixture["inputs/targets"][step], weight)
        norm = math.sqrt(sum(float(g.square().sum()) for g in gradients.values()))
        rate = _rate(step, settings, manifest["schedule"])
        _near(loss, fixture["outputs/losses"][step], f"loss of step {step}")
        _near(norm, fixture["outputs/gradientNorms"][step], f"norm of step {step}")
        _near(rate, fixture["inputs/learningRates"][step], f"learning rate of step {step}")
        shrink = min(1.0, manifest["maxNorm"] / (norm + 1e-6))
        for name, gradient in gradients.items():
            gradient = gradient * shrink
            first[name] = beta1 * first[name] + (1 - beta1) * gradient
            second[name] = beta2 * second[name] + (1 - beta2) * gradient**2
            mean = first[name] / (1 - beta1 ** (step + 1))
            spread = (second[name] / (1 - beta2 ** (step + 1))).sqrt()
            decay = settings["weightDecay"] if values[name].ndim >= 2 else 0.0
            values[name] = values[name] * (1 - rate * decay) - rate * mean / (spread + settings["eps"])
    for kind, got in (("parameters", values), ("firstMoments", first), ("secondMoments", second)):
        for name, value in got.items():
            _near(_without_key_bias(name, value), _without_key_bias(name, fixture[f"{kind}/{name}"]), f"{kind}/{name}")


def _gradients(values: dict[str, Tensor], tokens: Tensor, targets: Tensor, weight: float) -> tuple[float, dict]:
    from plain.config import Config
    from plain.gpt import GPT

    model = GPT(Config(61, 40, layers=2, heads=4, width=20, feedForwardWidth=80, headWidth=5))
    leaves = {name: value.detach().requires_grad_() for name, value in values.items()}
    rows = functional_call(model, leaves, (tokens,)).flatten(0, 1).log_softmax(-1)
    counted = targets.flatten() != -100
    loss = -rows[counted, targets.flatten()[counted]].mean()
    (weight * loss).backward()
    return float(loss.detach()), {name: leaf.grad for name, leaf in leaves.items()}


def _rate(step: int, settings: dict, schedule: dict) -> float:
    if step < schedule["warmup"]:
        return settings["lr"] * (step + 1) / (schedule["warmup"] + 1)
    progress = (step - schedule["warmup"]) / (schedule["steps"] - schedule["warmup"])
    return schedule["minLr"] + (settings["lr"] - schedule["minLr"]) * math.cos(math.pi / 2 * progress) ** 2


def _without_key_bias(name: str, value: Tensor) -> Tensor:
    if not name.endswith("attn.c_attn.bias"):
        return value
    query, _, last = value.chunk(3)
    return torch.cat([query, last])


def _near(got: Tensor | float, wanted: Tensor, what: str) -> None:
    got, wanted = torch.as_tensor(got, dtype=torch.float64), wanted.double()
    distance, scale = float((got - wanted).abs().max()), float(wanted.abs().max())
    assert distance <= 3e-7 * scale, f"{what}: off by {distance:.2g} where the greatest value is {scale:.2g}"
