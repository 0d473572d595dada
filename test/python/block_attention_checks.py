"""gptorch::block_attention and row_norm: the decoder's attention over blocks of keys and values, and its norms."""

import torch
from torch import Tensor
from torch.nn import functional
from torch.testing import assert_close

import harness

BLOCK = 32


def checks() -> list[harness.Check]:
    return harness.in_module(globals())


class Cache:
    """Blocks in no order, full of NaN where nothing has been put."""

    def __init__(self, heads: int, width: int, blocks: int = 40) -> None:
        self.keys = torch.full((blocks, heads, width, BLOCK), float("nan"))
        self.values = torch.full((blocks, heads, BLOCK, width), float("nan"))
        self.order = torch.randperm(blocks, generator=torch.Generator().manual_seed(0), dtype=torch.int32)

    def tables(self, sequences: list[int], each: int = 10) -> Tensor:
        return torch.stack([self.order[i * each : (i + 1) * each] for i in sequences])


def attend(cache: Cache, parts: list[Tensor], sequences: list[int], positions: list[int], window=None, last=False):
    """The attention of new tokens of each sequence, (count, 3 · inner) each."""
    tables, counts = cache.tables(sequences), [len(part) for part in parts]
    op = torch.ops.gptorch.block_attention
    return op(torch.cat(parts), cache.keys, cache.values, tables, counts, positions, window, last)


def expected(tokens: Tensor, heads: int, window: int | None) -> Tensor:
    """(T, 3 · inner) to (T, inner), in double precision."""
    length = len(tokens)
    query, key, value = tokens.double().view(length, 3, heads, -1).permute(1, 2, 0, 3)  # (heads, T, width)
    age = torch.arange(length)[:, None] - torch.arange(length)
    allowed = (age >= 0) & (age < (window or length))
    return functional.scaled_dot_product_attention(query, key, value, allowed).transpose(0, 1).flatten(1)


def draw(length: int, heads: int, width: int, seed: int = 0) -> Tensor:
    return torch.randn((length, 3 * heads * width), generator=torch.Generator().manual_seed(seed))


def check_values() -> None:
    for heads, width in [(1, 1), (3, 11), (2, 64), (1, 100)]:
        for window in (None, 1, 3, 32, 40):
            for length in (1, 5, 32, 33, 131):
                tokens = draw(length, heads, width)
                found = attend(Cache(heads, width), [tokens], [0], [0], window)
                assert_close(found.double(), expected(tokens, heads, window), rtol=1e-5, atol=2e-6)


def check_large_scores() -> None:
    """Scores whose exponential overflows. Of size 2,000 they err by some 2,000 · 2^-22, weights as much, relative to values of 80."""
    tokens = draw(50, 2, 16) * 20
    found = attend(Cache(2, 16), [tokens], [0], [0])
    assert_close(found.double(), expected(tokens, 2, None), rtol=0, atol=80 * 2000 * 2.0**-22)


def check_the_same_in_any_company_and_pieces() -> None:
    for window in (None, 7, 50):
        one, two = draw(200, 3, 20), draw(90, 3, 20, seed=1)
        whole = attend(Cache(3, 20), [one], [0], [0], window)
        cache, found = Cache(3, 20), []
        found.append(attend(cache, [one[:37]], [0], [0], window))
        found.append(attend(cache, [two[:50], one[37:150]], [1, 0], [0, 37], window)[50:])
        found += [attend(cache, [one[i : i + 1]], [0], [i], window) for i in range(150, 198)]
        found.append(attend(cache, [one[198:], two[50:]], [0, 1], [198, 50], window)[:2])
        assert torch.equal(torch.cat(found), whole)
        last = attend(Cache(3, 20), [one, two], [0, 1], [0, 0], window, True)
        assert torch.equal(last[0], whole[-1]) and last.shape == (2, 60)


def check_row_norm() -> None:
    for width in (1, 15, 16, 33, 768):
        x, weight, bias = (torch.randn(shape) for shape in ((70, width), (width,), (width,)))
        found = torch.ops.gptorch.row_norm(x * 3 + 5, weight, bias, 1e-5)
        exact = functional.layer_norm((x * 3 + 5).double(), (width,), weight.double(), bias.double(), 1e-5)
        assert_close(found.double(), exact, rtol=1e-5, atol=2e-5)
        assert torch.equal(torch.ops.gptorch.row_norm(x[7:8] * 3 + 5, weight, bias, 1e-5), found[7:8])
