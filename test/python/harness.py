"""Runs checks and counts them; no test framework, so that any Python with torch will do."""

import sys
import traceback
from collections.abc import Callable, Iterable

import torch

Check = tuple[str, Callable[[], None]]

# Where the operators compute. Operands are made and results compared in main memory, whatever the device.
device = torch.device("cpu")


def on_device(call: Callable[..., torch.Tensor], *arguments: object) -> torch.Tensor:
    """Calls with the tensors among the arguments on the device; the result in main memory. Gradients pass both ways."""
    return call(*(value.to(device) if isinstance(value, torch.Tensor) else value for value in arguments)).cpu()


def opcheck(operator: object, arguments: tuple[object, ...]) -> None:
    """PyTorch's own check of an operator, on the device."""
    moved = (
        value.detach().to(device).requires_grad_(value.requires_grad)
        if isinstance(value, torch.Tensor) and device.type != "cpu"
        else value
        for value in arguments
    )
    torch.library.opcheck(operator, tuple(moved))


def run(checks: Iterable[Check]) -> int:
    """Prints what failed and `N passed, N failed`. The exit status: 0 only if something ran and nothing failed."""
    passed = failed = 0
    for name, check in checks:
        try:
            check()
            passed += 1
        except Exception as error:
            failed += 1
            detail = "".join(traceback.format_exception(error)) if "--verbose" in sys.argv else _brief(error)
            print(f"FAILED {name}: {detail}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


def in_module(namespace: dict[str, object]) -> list[Check]:
    """The functions of a module that are named check_…"""
    label = str(namespace["__name__"]).removesuffix("_checks")
    named = [(name, value) for name, value in namespace.items() if name.startswith("check_") and callable(value)]
    return [(f"{label}: {name.removeprefix('check_').replace('_', ' ')}", value) for name, value in named]


def expect_error(call: Callable[[], object], *words: str) -> None:
    try:
        call()
    except (RuntimeError, IndexError) as error:
        missing = [word for word in words if word not in str(error)]
        assert not missing, f"the error lacks {missing}: {error}"
        return
    raise AssertionError("no error was raised")


def _brief(error: Exception) -> str:
    text = " ".join(str(error).split())[:400]
    return f"{type(error).__name__}: {text}" if text else f"{type(error).__name__} at {_place(error)}"


def _place(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.name}, line {last.lineno}: {last.line}"
