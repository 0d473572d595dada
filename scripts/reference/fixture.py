"""A fixture on disk: tensors in NAME.safetensors, what they are in NAME.json."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file

from case import Case, Tensors
from record import record


@dataclass(frozen=True)
class Fixture:
    name: str
    manifest: dict[str, object]
    tensors: Tensors

    def write(self, folder: Path) -> None:
        path = folder / self.name
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(self.tensors, path.with_suffix(".safetensors"))
        write_json(path.with_suffix(".json"), {"name": self.name, **self.manifest, "tensors": self._table()})

    def _table(self) -> dict[str, str]:
        return {name: _describe(value) for name, value in sorted(self.tensors.items())}


@dataclass(frozen=True)
class Source:
    """Something that makes one fixture, in the float type asked for."""

    name: str
    make: Callable[[torch.dtype], Fixture]


def from_case(case: Case) -> Source:
    manifest = {"reference": case.reference, "config": case.config, **case.notes}
    if case.model is not None:
        manifest["model"] = case.model
    return Source(case.name, lambda dtype: Fixture(case.name, manifest, record(case, dtype)))


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _describe(value: torch.Tensor) -> str:
    return f"{str(value.dtype).removeprefix('torch.')} {list(value.shape)}"
