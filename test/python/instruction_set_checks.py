"""The checks of the kernels that choose an instruction set at run time, once more with each lower one."""

import os
import subprocess
import sys
from pathlib import Path

import torch

import harness

KERNELS = ["packed_product", "block_attention", "causal_attention", "dropout"]


def checks() -> list[harness.Check]:
    return [(f"instruction sets: {name}", lambda name=name: run(name)) for name in lower()]


def lower() -> list[str]:
    own = torch.backends.cpu.get_cpu_capability()
    return ["generic", "avx2"] if own == "AVX512" else ["generic"] if own == "AVX2" else []


def run(name: str) -> None:
    library = next(iter(torch.ops.loaded_libraries))
    command = [sys.executable, Path(__file__).with_name("test_ops.py"), "--library", library, "--only", *KERNELS]
    done = subprocess.run(command, env={**os.environ, "GPTORCH_ISA": name}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

