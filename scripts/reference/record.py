"""Runs a case and records outputs, loss and gradients."""

import torch
from torch import Tensor

from case import Case, Tensors
from draw import Draw


def record(case: Case, dtype: torch.dtype) -> Tensors:
    """All tensors of the case's fixture, named `kind/name`, computed in `dtype` and stored as float32.

    The committed values are computed in float64: they are the same on every machine, and the test's tolerance is left
    to the code under test alone.
    """
    inputs = {name: _leaf(value, dtype) for name, value in case.inputs.items()}
    parameters = {name: _leaf(value, dtype) for name, value in case.parameters.items()}
    outputs = case.run(inputs, parameters)
    probes = {} if "loss" in outputs else _probes(case, outputs)
    loss = outputs["loss"] if not probes else sum((outputs[n] * p.to(dtype)).sum() for n, p in probes.items())
    assert isinstance(loss, Tensor)
    loss.backward()

    kept: Tensors = {}
    kept |= {f"inputs/{name}": value for name, value in case.inputs.items()}
    kept |= {f"parameters/{name}": value for name, value in case.parameters.items() if case.model is None}
    kept |= {f"probes/{name}": value for name, value in probes.items()}
    kept |= {f"outputs/{name}": value for name, value in outputs.items()}
    kept |= {f"gradients/{name}": _gradient(name, value) for name, value in parameters.items()}
    kept |= {f"inputGradients/{n}": _gradient(n, value) for n, value in inputs.items() if value.requires_grad}
    return {name: stored(value) for name, value in kept.items()}


def stored(value: Tensor) -> Tensor:
    value = value.detach()
    return (value.float() if value.is_floating_point() else value).contiguous().clone()


def _leaf(value: Tensor, dtype: torch.dtype) -> Tensor:
    return value.to(dtype).clone().requires_grad_() if value.is_floating_point() else value


def _gradient(name: str, value: Tensor) -> Tensor:
    if value.grad is None:
        raise AssertionError(f"{name} has no gradient: the case does not use it")
    return value.grad


def _probes(case: Case, outputs: Tensors) -> Tensors:
    draw = Draw(f"{case.name} probes")
    return {name: draw.normal(*value.shape) for name, value in outputs.items()}
