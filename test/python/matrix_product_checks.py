"""gptorch::matrix_product(a, b, bias): torch's addmm and mm, by whichever library is faster here."""

import torch
from torch import Tensor
from torch.testing import assert_close

import harness

# Rows and widths around the sides of the kernels' blocks, one row, one column, and a GPT's own.
SHAPES = [(1, 1, 1), (1, 7, 5), (17, 16, 33), (31, 64, 1), (768, 128, 65), (100, 384, 1152)]


def checks() -> list[harness.Check]:
    return harness.in_module(globals())


def op(a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    return harness.on_device(torch.ops.gptorch.matrix_product, a, b, bias)


def draw(*shape: int, dtype: torch.dtype = torch.double, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.double).to(dtype)


def layouts(matrix: Tensor) -> list[Tensor]:
    """The same numbers: contiguous, transposed, and inside a wider matrix."""
    wide = torch.zeros(matrix.size(0), matrix.size(1) + 3, dtype=matrix.dtype)
    wide[:, 1:-2] = matrix
    return [matrix, matrix.t().contiguous().t(), wide[:, 1:-2]]


def check_opcheck() -> None:
    for dtype in (torch.double, torch.float, torch.bfloat16):
        a, b, bias = (draw(*shape, dtype=dtype) for shape in [(5, 8), (8, 3), (3,)])
        for second in layouts(b):
            harness.opcheck(torch.ops.gptorch.matrix_product.default, (a.requires_grad_(), second, bias))
            harness.opcheck(torch.ops.gptorch.matrix_product.default, (a, second, None))


def check_gradcheck() -> None:
    inputs = [draw(*shape, seed=i).requires_grad_() for i, shape in enumerate([(5, 4), (4, 3), (3,)])]
    for arguments in (inputs, inputs[:2]):
        torch.autograd.gradcheck(op, arguments)
        torch.autograd.gradgradcheck(op, arguments)


def assert_exact(found: Tensor, a: Tensor, b: Tensor, bias: Tensor | None = None) -> None:
    """
    Beside the sum in double precision: n additions of float32 in whatever order err by at most 4 · √n · 2^-24 · |a| · |b|
    (Higham and Mary 2019, theorem 2.4 with λ = 4). TF32 or bfloat16 would pass that.
    """
    exact, bound = (x @ y for x, y in ((a.double(), b.double()), (a.double().abs(), b.double().abs())))
    if bias is not None:
        exact, bound = exact + bias.double(), bound + bias.double().abs()
    allowed = 4 * (a.size(1) + 1) ** 0.5 * 2.0**-24 * bound
    excess = ((found.double() - exact).abs() / allowed).max()
    assert excess <= 1, f"{tuple(a.shape)} · {tuple(b.shape)}: the error is {excess:.2f} times what is allowed"


def check_values_of_every_layout() -> None:
    for rows, inner, columns in SHAPES:
        a, b, bias = (draw(*shape, seed=i).float() for i, shape in enumerate([(rows, inner), (inner, columns), (columns,)]))
        for one in layouts(a):
            for two in layouts(b):
                assert op(one, two).is_contiguous()
                assert_exact(op(one, two), a, b)
                assert_exact(op(one, two, bias), a, b, bias)


def check_a_bias_of_any_stride() -> None:
    a, b, bias = draw(17, 16).float(), draw(16, 33).float(), draw(66).float()
    for layout in (bias[::2], bias[:1].expand(33)):
        assert_exact(op(a, b, layout), a, b, layout)


def check_gradients_of_float32() -> None:
    """The products of the backward pass, with their transposed copies."""
    for rows, inner, columns in SHAPES:
        shapes = [(rows, inner), (inner, columns), (columns,)]
        inputs = [draw(*shape, seed=i).float().requires_grad_() for i, shape in enumerate(shapes)]
        upper = draw(rows, columns, seed=4).float()
        of_a, of_b, of_bias = torch.autograd.grad(op(*inputs), inputs, upper)
        a, b = (value.detach() for value in inputs[:2])
        assert_exact(of_a, upper, b.t())
        assert_exact(of_b, a.t(), upper)
        assert_exact(of_bias.unsqueeze(0), torch.ones(1, rows), upper)


def check_empty() -> None:
    assert op(torch.empty(0, 4), torch.empty(4, 3), torch.empty(3)).shape == (0, 3)
    assert_close(op(torch.empty(2, 0), torch.empty(0, 3)), torch.zeros(2, 3))


def check_the_result_is_the_same_each_time() -> None:
    a, b = draw(768, 128).float(), draw(128, 384).float()
    assert torch.equal(op(a, b), op(a, b))


def check_autocast() -> None:
    a, b, bias = draw(5, 8).float(), draw(8, 3).float(), draw(3).float()
    with torch.autocast(harness.device.type, torch.bfloat16):
        result = op(a, b, bias)
    assert result.dtype == torch.bfloat16
    assert_close(result, torch.addmm(bias.bfloat16(), a.bfloat16(), b.bfloat16()))


def check_errors() -> None:
    harness.expect_error(lambda: op(torch.ones(2, 3), torch.ones(4, 5)), "2x3", "4x5")
    harness.expect_error(lambda: op(torch.ones(2, 3), torch.ones(3, 4), torch.ones(5)), "5")
    harness.expect_error(lambda: op(torch.ones(2, 3), torch.ones(3, 4).double()), "same dtype")
