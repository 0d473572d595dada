"""gptorch::pack_weight and packed_product: the decoder's products by packed weights, in every format."""

import torch
from torch import Tensor
from torch.nn import functional
from torch.testing import assert_close

import harness
from matrix_product_checks import assert_exact

FORMATS = [torch.float, torch.bfloat16, torch.int8]
# Rows around the kernels' blocks (6 rows; 192 of a tile), channels around a panel's 64, depths around a piece's.
ROWS = [1, 2, 5, 6, 7, 13, 17, 300]
SIZES = [(1, 1), (33, 65), (100, 64), (520, 131)]


def checks() -> list[harness.Check]:
    return harness.in_module(globals())


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def pack(weight: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    return torch.ops.gptorch.pack_weight(weight, dtype)


def unpack(panels: Tensor, scales: Tensor, out: int) -> Tensor:
    """(in, out) float32"""
    wide = panels.float().permute(1, 0, 2).reshape(panels.size(1), -1)
    return (wide * scales)[:, :out]


def multiply(x: Tensor, packed: tuple[Tensor, Tensor], out: int, bias: Tensor | None = None, **options) -> Tensor:
    return torch.ops.gptorch.packed_product(x, *packed, bias, out, **options)


def check_opcheck() -> None:
    for dtype in FORMATS:
        weight = draw(8, 70)
        torch.library.opcheck(torch.ops.gptorch.pack_weight.default, (weight, dtype))
        packed = pack(weight, dtype)
        torch.library.opcheck(torch.ops.gptorch.packed_product.default, (draw(3, 8), *packed, draw(70), 70))


def check_packing_of_every_layout() -> None:
    for inner, out in SIZES:
        weight = draw(inner, out)
        wide = torch.zeros(inner, out + 3)
        wide[:, 1:-2] = weight
        for layout in (weight, weight.t().contiguous().t(), wide[:, 1:-2]):
            assert torch.equal(unpack(*pack(layout, torch.float), out), weight)
            assert torch.equal(unpack(*pack(layout, torch.bfloat16), out), weight.bfloat16().float())
            assert torch.equal(pack(layout, torch.int8)[0], pack(weight, torch.int8)[0])


def check_int8_rounds_to_nearest() -> None:
    weight = draw(520, 131) * torch.logspace(-6, 3, 131)
    panels, scales = pack(weight, torch.int8)
    found = unpack(panels, scales, 131)
    largest = weight.abs().amax(0)
    # A scale keeps 16 bits: it is within 2^-16 of largest / 127, and integers past 127 are cut.
    assert (scales[:131] - largest / 127).abs().div(scales[:131]).max() <= 2.0**-16
    assert ((found - weight).abs() <= scales[:131] * 0.502).all()
    assert panels.abs().max() == 127


def check_int8_of_int8_is_the_same() -> None:
    weight = draw(300, 200) * torch.logspace(-20, 20, 200)
    weight[:, 7] = 0
    panels, scales = pack(weight, torch.int8)
    again, scalesAgain = pack(unpack(panels, scales, 200), torch.int8)
    assert torch.equal(panels, again) and torch.equal(scales, scalesAgain)


def check_int8_refuses_what_is_not_finite() -> None:
    for bad in (float("nan"), float("inf")):
        weight = draw(4, 70)
        weight[2, 66] = bad
        harness.expect_error(lambda: pack(weight, torch.int8), "finite")


def check_values() -> None:
    for dtype in FORMATS:
        for inner, out in SIZES:
            packed, bias = pack(draw(inner, out), dtype), draw(out, seed=1)
            weight = unpack(*packed, out)
            for rows in ROWS:
                x = draw(rows, inner, seed=rows)
                assert_exact(multiply(x, packed, out), x, weight)
                assert_exact(multiply(x, packed, out, bias), x, weight, bias)


def check_activations_and_residual() -> None:
    functions = {
        "none": lambda y: y,
        "relu": functional.relu,
        "gelu": functional.gelu,
        "gelu_tanh": lambda y: functional.gelu(y, approximate="tanh"),
    }
    weight, bias = draw(40, 130), draw(130, seed=1)
    for rows in (1, 9):
        x, residual = draw(rows, 40, seed=2), draw(rows, 130, seed=3)
        plain = x.double() @ weight.double() + bias.double()
        for name, function in functions.items():
            found = multiply(x, pack(weight, torch.float), 130, bias, activation=name, residual=residual)
            assert_close(found.double(), function(plain) + residual.double(), rtol=2e-6, atol=6e-6)


def check_a_row_is_the_same_in_any_batch() -> None:
    threads = torch.get_num_threads()
    for dtype in FORMATS:
        for inner, out in SIZES:
            packed, x = pack(draw(inner, out), dtype), draw(max(ROWS), inner, seed=2)
            whole = multiply(x, packed, out, activation="gelu_tanh")
            for rows in ROWS:
                for first in (0, max(ROWS) - rows):
                    part = multiply(x[first : first + rows], packed, out, activation="gelu_tanh")
                    assert torch.equal(part, whole[first : first + rows]), f"{dtype}, {rows} rows of {inner} to {out}"
            torch.set_num_threads(1)
            assert torch.equal(multiply(x, packed, out, activation="gelu_tanh"), whole)
            torch.set_num_threads(threads)


def check_not_finite_inputs_stay_in_their_row() -> None:
    packed, x = pack(draw(33, 70), torch.float), draw(9, 33)
    clean = multiply(x, packed, 70)
    x[4, 3] = float("nan")
    found = multiply(x, packed, 70)
    assert found[4].isnan().all()
    assert torch.equal(found[[0, 1, 2, 3, 5, 6, 7, 8]], clean[[0, 1, 2, 3, 5, 6, 7, 8]])
