"""gptorch::dropout(input, p, seed, step, ordinal): the mask is a function of seed, step, ordinal and place.
gptorch::dropout(input, p, key, draw): the same, with (seed, step, first ordinal) in a tensor."""

import math

import torch
from torch import Tensor
from torch.testing import assert_close

import harness

SIZE = 1_000_003  # not a multiple of the kernel's chunk of 128, and enough for several threads


def checks() -> list[harness.Check]:
    return harness.in_module(globals())


def op(x: Tensor, p: float = 0.1, seed: int = 7, step: int = 3, ordinal: int = 5) -> Tensor:
    return harness.on_device(torch.ops.gptorch.dropout, x, p, seed, step, ordinal)


def kept(size: int = SIZE, **key: float) -> Tensor:
    """1.0 where an element is kept, 0.0 where it is dropped."""
    return (op(torch.ones(size), **key) != 0).double()


def assert_independent(one: Tensor, two: Tensor, what: str) -> None:
    correlation = float(torch.corrcoef(torch.stack([one, two]))[0, 1])
    # The correlation of two independent samples has standard deviation 1/√n; the seeds are fixed, so no flake.
    assert abs(correlation) < 5 / math.sqrt(len(one)), f"{what}: correlation {correlation:.4f}"


def check_opcheck() -> None:
    generator = torch.Generator().manual_seed(0)
    for dtype in (torch.double, torch.float, torch.bfloat16, torch.half):
        for p in (0.0, 0.3, 1.0):
            x = torch.randn(3, 50, generator=generator, dtype=torch.double).to(dtype)
            for value in (x.clone().requires_grad_(), x.t(), x[:, ::2]):
                harness.opcheck(torch.ops.gptorch.dropout.default, (value, p, 7, 3, 5))


def check_gradcheck() -> None:
    x = torch.randn(4, 50, generator=torch.Generator().manual_seed(1), dtype=torch.double)
    for p in (0.0, 0.3, 1.0):
        torch.autograd.gradcheck(lambda v: op(v, p), (x.clone().requires_grad_(),))
        torch.autograd.gradgradcheck(lambda v: op(v, p), (x.clone().requires_grad_(),))
        torch.autograd.gradcheck(lambda v: op(v.t(), p), (x.clone().requires_grad_(),))


def check_values() -> None:
    """Kept elements are the input over the probability of being kept; the others are zero."""
    x = torch.randn(SIZE, generator=torch.Generator().manual_seed(2)) + 10
    for p in (0.1, 0.5, 0.9):
        y = op(x, p)
        # p is taken in steps of 2^-16.
        applied = round(p * 65536) / 65536
        assert_close(y, torch.where(y != 0, x / (1 - applied), 0.0), rtol=1e-6, atol=0)


def check_reduced_dtypes_are_rounded_once() -> None:
    """A scale that is rounded itself would make every element of bfloat16 smaller by 0.16 %."""
    x = torch.rand(SIZE, generator=torch.Generator().manual_seed(2)) + 1
    for dtype in (torch.bfloat16, torch.half):
        reduced = x.to(dtype)
        assert torch.equal(op(reduced), op(reduced.float()).to(dtype))


def check_keep_rate() -> None:
    for p in (0.001, 0.1, 0.5, 0.9):
        for ordinal in range(3):
            rate = float(kept(p=p, ordinal=ordinal).mean())
            deviation = math.sqrt(p * (1 - p) / SIZE)
            assert abs(rate - (1 - p)) < 4 * deviation + 2**-17, f"p {p}: kept {rate}"


def check_every_place_of_a_chunk() -> None:
    """Each of a chunk's 128 places has its own word of the generator: none may be stuck."""
    chunks = SIZE // 128
    rates = kept(p=0.5)[: chunks * 128].view(chunks, 128).mean(0)
    limit = 5 * math.sqrt(0.25 / chunks)
    assert float((rates - 0.5).abs().max()) < limit, f"rates from {float(rates.min())} to {float(rates.max())}"


def check_keys_are_independent() -> None:
    base = kept(p=0.5)
    assert_independent(base, kept(p=0.5, ordinal=6), "next ordinal")
    assert_independent(base, kept(p=0.5, step=4), "next step")
    assert_independent(base, kept(p=0.5, seed=8), "next seed")
    assert_independent(base, kept(p=0.5, step=5, ordinal=3), "step and ordinal exchanged")
    assert_independent(base, kept(p=0.5, seed=7 + 2**32), "another high word of the seed")
    assert_independent(base, kept(p=0.5, step=3 + 2**32), "another high word of the step")


def check_neighbours_are_independent() -> None:
    base = kept(p=0.5)
    for distance in (1, 2, 15, 16, 17, 64, 128, 129, 512):
        assert_independent(base[:-distance], base[distance:], f"distance {distance}")


def check_negative_seed() -> None:
    assert_independent(kept(p=0.5, seed=-1), kept(p=0.5, seed=-2), "negative seeds")


def check_same_mask_again_and_in_backward() -> None:
    x = torch.ones(SIZE, requires_grad=True)
    y = op(x, 0.3)
    assert torch.equal(y, op(x, 0.3))
    y.backward(torch.full_like(y, 2.0))
    assert x.grad is not None and torch.equal(x.grad, 2 * y.detach())


def check_mask_depends_on_neither_threads_nor_dtype() -> None:
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = kept(p=0.3)
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(one, kept(p=0.3))
    for dtype in (torch.double, torch.bfloat16, torch.half):
        assert torch.equal(one, (op(torch.ones(SIZE, dtype=dtype), 0.3) != 0).double())


def check_a_prefix_has_the_same_mask() -> None:
    whole = kept(p=0.3)
    for size in (1, 15, 127, 128, 129, 40_000):
        assert torch.equal(whole[:size], kept(size, p=0.3))


def check_non_contiguous() -> None:
    x = torch.randn(60, 50, generator=torch.Generator().manual_seed(3))
    for view in (x.t(), x[:, ::2], x[:1].expand(9, 50), x[5:, 3:]):
        assert torch.equal(op(view, 0.3), op(view.contiguous(), 0.3))


def check_mean_is_kept() -> None:
    for dtype in (torch.double, torch.float):
        mean = float(op(torch.ones(SIZE, dtype=dtype), 0.1).double().mean())
        assert abs(mean - 1) < 4 * math.sqrt(0.1 / 0.9 / SIZE)
    # bfloat16 holds 1/0.9 to 8 bits: 1.1094.
    assert abs(float(op(torch.ones(SIZE, dtype=torch.bfloat16), 0.1).double().mean()) - 1) < 5e-3


def check_no_dropout_and_all_dropped() -> None:
    x = torch.tensor([1.0, -2.0, torch.inf, torch.nan], requires_grad=True)
    same = op(x, 0.0)
    assert torch.equal(same.nan_to_num(9), x.nan_to_num(9)) and same.data_ptr() != x.data_ptr()
    nothing = op(x, 1.0)
    assert torch.equal(nothing, torch.zeros(4))
    nothing.sum().backward()
    assert x.grad is not None and torch.equal(x.grad, torch.zeros(4))


def check_dropped_infinities_are_zero() -> None:
    y = op(torch.full((1000,), torch.inf), 0.5)
    assert not y.isnan().any() and (y == 0).any() and y.isinf().any()


def check_empty_and_scalar() -> None:
    assert op(torch.empty(0, 3), 0.5).shape == (0, 3)
    assert op(torch.tensor(1.0), 0.5).shape == ()


def check_input_is_left_alone() -> None:
    x = torch.ones(1000)
    op(x, 0.5)
    assert torch.equal(x, torch.ones(1000))


def keyed(x: Tensor, p: float, key: tuple[int, int, int], draw: int) -> Tensor:
    return harness.on_device(torch.ops.gptorch.dropout, x, p, torch.tensor(key), draw)


def check_a_key_in_a_tensor_gives_the_same_mask() -> None:
    x = torch.ones(SIZE)
    for seed, step, ordinal, draw in ((7, 3, 0, 5), (-1, 2**33, 4, 1), (2**40, 0, 2, 3)):
        expected = op(x, 0.3, seed=seed, step=step, ordinal=ordinal + draw)
        assert torch.equal(keyed(x, 0.3, (seed, step, ordinal), draw), expected)


def check_opcheck_and_gradcheck_keyed() -> None:
    x = torch.randn(4, 50, generator=torch.Generator().manual_seed(4), dtype=torch.double)
    for p in (0.0, 0.3, 1.0):
        harness.opcheck(torch.ops.gptorch.dropout.keyed, (x.clone().requires_grad_(), p, torch.tensor((7, 3, 1)), 2))
        torch.autograd.gradcheck(lambda v: keyed(v, p, (7, 3, 1), 2), (x.clone().requires_grad_(),))


def check_a_key_that_changed_fails_the_backward_pass() -> None:
    key = torch.tensor((7, 3, 1))
    y = torch.ops.gptorch.dropout(torch.ones(300, requires_grad=True), 0.3, key, 2)
    key[1] += 1
    harness.expect_error(lambda: y.sum().backward(), "inplace")


def check_philox_is_the_published_one() -> None:
    """The mask of a small tensor, computed anew from the paper's algorithm."""
    seed, step, ordinal = 0x0123456789ABCDEF, 0xFEDCBA987, 77
    threshold = round(0.3 * 65536)
    words = [_philox(i, ordinal, step, seed) for i in range(16)]
    # Element j: lane j % 16, word (j / 16) % 4, low half of the word for the first 64 elements, then the high half.
    expected = [(words[j % 16][j // 16 % 4] >> (16 * (j // 64)) & 0xFFFF) >= threshold for j in range(128)]
    got = kept(128, p=0.3, seed=seed, step=step, ordinal=ordinal)
    assert got.bool().tolist() == expected


def _philox(counter: int, ordinal: int, step: int, seed: int) -> list[int]:
    c = [counter, ordinal, step & 0xFFFFFFFF, step >> 32]
    k = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        first, second = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [second >> 32 ^ c[1] ^ k[0], second & 0xFFFFFFFF, first >> 32 ^ c[3] ^ k[1], first & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def check_bad_calls() -> None:
    for p in (-0.1, 1.5, math.nan):
        harness.expect_error(lambda p=p: op(torch.ones(3), p), "p")
    harness.expect_error(lambda: op(torch.ones(3, dtype=torch.long)), "float")
    harness.expect_error(lambda: torch.ops.gptorch.dropout(torch.ones(3), 0.1, torch.ones(3), 0), "key")
