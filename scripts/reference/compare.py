"""Compares two fixture folders."""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

TOLERANCE = 1e-6


def relative_error(got: Tensor, expected: Tensor) -> float:
    """max|a-b| / max|b|; where b is all zeros only zeros match it."""
    if got.numel() == 0:
        return 0.0
    distance = float((got.double() - expected.double()).abs().max())
    scale = float(expected.double().abs().max())
    if distance == 0:
        return 0.0
    return distance / scale if scale > 0 else float("inf")


def differences(got: Path, expected: Path) -> list[str]:
    """One line for each file or value that is not as expected."""
    names = sorted({str(path.relative_to(root)) for root in (got, expected) for path in root.rglob("*.*")})
    return [line for name in names for line in _file(name, got / name, expected / name)]


def keep_equal(made: Path, committed: Path) -> None:
    """Puts the committed file in place of a made one that differs by no more than another machine's rounding."""
    for path in made.rglob("*.safetensors"):
        name = path.relative_to(made)
        if not _file(str(name), path, committed / name):
            shutil.copyfile(committed / name, path)


def _file(name: str, got: Path, expected: Path) -> list[str]:
    if not got.is_file():
        return [f"{name}: no longer made"]
    if not expected.is_file():
        return [f"{name}: not committed"]
    if got.suffix == ".safetensors":
        return _tensors(name, load_file(got), load_file(expected))
    if got.suffix == ".txt":
        return [] if got.read_bytes() == expected.read_bytes() else [f"{name}: other contents"]
    return _json(name, json.loads(got.read_text("utf-8")), json.loads(expected.read_text("utf-8")))


def _tensors(name: str, got: dict[str, Tensor], expected: dict[str, Tensor]) -> list[str]:
    if got.keys() != expected.keys():
        return [f"{name}: other tensors: {sorted(got.keys() ^ expected.keys())}"]
    lines = []
    for key, value in got.items():
        other = expected[key]
        if value.shape != other.shape or value.dtype != other.dtype:
            lines.append(f"{name} {key}: {value.dtype} {list(value.shape)}, not {other.dtype} {list(other.shape)}")
        elif not value.is_floating_point() and not torch.equal(value, other):
            lines.append(f"{name} {key}: other integers")
        # Written so that nan counts as a difference.
        elif value.is_floating_point() and not (error := relative_error(value, other)) <= TOLERANCE:
            lines.append(f"{name} {key}: max|a-b| / max|b| = {error:.2g}, allowed {TOLERANCE:.0e}")
    return lines


def _json(name: str, got: object, expected: object) -> list[str]:
    return [] if got == expected else [f"{name}: other contents"]
