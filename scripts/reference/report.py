"""How far PyTorch itself, in float32, is from the fixtures: what the tests' tolerances have to leave room for."""

from collections import defaultdict

import torch
from torch import Tensor

from compare import relative_error
from sources import all_sources


def report() -> None:
    worst: dict[str, dict[str, tuple[float, str]]] = defaultdict(dict)
    for source in all_sources():
        single, double = source.make(torch.float32).tensors, source.make(torch.float64).tensors
        area = source.name.split("/")[0]
        for key, value in single.items():
            kind = key.split("/")[0]
            trained = area == "training" or source.name.endswith("_steps")
            if kind in ("inputs", "initial", "probes") or (kind == "parameters" and not trained):
                continue
            if source.name.endswith("multiple_choice_steps") and key == "parameters/head.bias":
                continue  # as the key biases
            pair = (_kept(key, value), _kept(key, double[key])) if trained else (value, double[key])
            error = (relative_error(*pair), f"{source.name} {key}")
            worst[area][kind] = max(worst[area].get(kind, (0.0, "")), error)
    for area, kinds in worst.items():
        for kind, (error, where) in kinds.items():
            print(f"{area:<11} {kind:<19} {error:.1e}  {where}")


def _kept(name: str, value: Tensor) -> Tensor:
    """Without the key biases: their true gradient is zero and AdamW makes full steps of what rounding leaves."""
    if not name.endswith("attn.c_attn.bias"):
        return value
    query, _, third = value.chunk(3)
    return torch.cat([query, third])
