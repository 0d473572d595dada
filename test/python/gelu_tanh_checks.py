"""gptorch::gelu_tanh(input): torch's tanh GELU with a kernel of our own for float32 on the CPU."""

import torch
from torch import Tensor
from torch.nn import functional
from torch.testing import assert_close

import harness

SIZE = 200_003  # several threads, and no multiple of a vector


def checks() -> list[harness.Check]:
    return harness.in_module(globals())


def op(x: Tensor) -> Tensor:
    return harness.on_device(torch.ops.gptorch.gelu_tanh, x)


def check_opcheck() -> None:
    for dtype in (torch.double, torch.float, torch.bfloat16):
        x = torch.linspace(-4, 4, 60, dtype=dtype).reshape(3, 20)
        for value in (x.clone().requires_grad_(), x.t(), x[:, ::2]):
            harness.opcheck(torch.ops.gptorch.gelu_tanh.default, (value,))
            harness.opcheck(torch.ops.gptorch.gelu_tanh_backward.default, (value.detach(), value.detach()))


def check_gradcheck() -> None:
    x = torch.linspace(-4, 4, 50, dtype=torch.double).requires_grad_()
    torch.autograd.gradcheck(op, (x,))
    torch.autograd.gradgradcheck(op, (x,))


def check_values_and_gradients() -> None:
    """As near to double precision as torch's float32 is, over all that matters and beyond."""
    x = torch.linspace(-12, 12, SIZE)
    upper = torch.linspace(0.5, 2, SIZE)
    found, expected = (
        (y.double(), torch.autograd.grad(y, value, upper.to(y.dtype))[0].double())
        for value, function in (
            (x.clone().requires_grad_(), op),
            (x.double().requires_grad_(), lambda v: functional.gelu(v, approximate="tanh")),
        )
        for y in [function(value)]
    )
    for one, two in zip(found, expected):
        assert_close(one, two, rtol=2e-6, atol=2e-6)


def check_extremes() -> None:
    x = torch.tensor([0.0, -0.0, 1e4, -1e4, 1e30, -1e30, 1e-40], requires_grad=True)
    y = op(x)
    assert_close(y.detach(), torch.tensor([0.0, -0.0, 1e4, -0.0, 1e30, -0.0, 0.0]))
    assert_close(torch.autograd.grad(y[:4].sum(), x)[0][:4], torch.tensor([0.5, 0.5, 1.0, 0.0]))
    assert op(torch.tensor(float("nan"))).isnan()
