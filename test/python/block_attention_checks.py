"""gptorch::block_attention and row_norm: the decoder's attention over blocks of keys and values, and its norms."""

from collections.abc import Iterable

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

    def __init__(self, heads: int, width: int, blocks: int = 40, dtype: torch.dtype = torch.float) -> None:
        self.keys = torch.full((blocks, heads, width, BLOCK), float("nan"), dtype=dtype, device=harness.device)
        self.values = torch.full((blocks, heads, BLOCK, width), float("nan"), dtype=dtype, device=harness.device)
        self.order = torch.randperm(blocks, generator=torch.Generator().manual_seed(0), dtype=torch.int32)

    def tables(self, sequences: list[int], each: int = 10) -> Tensor:
        return torch.stack([self.order[i * each : (i + 1) * each] for i in sequences])


def attend(cache: Cache, parts: list[Tensor], sequences: list[int], positions: list[int], window=None, last=False):
    """The attention of new tokens of each sequence, (count, 3 · inner) each, from the given places on."""
    tables = cache.tables(sequences)
    rows = integers(i for i, part in enumerate(parts) for _ in part)
    places = integers(first + i for first, part in zip(positions, parts, strict=True) for i in range(len(part)))
    return call(torch.cat(parts), cache, tables, rows, places, window, last)


def integers(values: Iterable[int]) -> Tensor:
    return torch.tensor(list(values), dtype=torch.int32)


def call(tokens: Tensor, cache: Cache, tables: Tensor, rows: Tensor, places: Tensor, window=None, last=False) -> Tensor:
    """The operator, on the device; the cache is there already, so that the call changes it."""
    op = torch.ops.gptorch.block_attention
    return harness.on_device(op, tokens, cache.keys, cache.values, tables, rows, places, window, last)


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


def check_padding() -> None:
    """Rows of no sequence give zeros and are put nowhere."""
    tokens, cache = draw(5, 2, 8), Cache(2, 8)
    alone = attend(Cache(2, 8), [tokens], [0], [0])
    padded = torch.cat((tokens, torch.full((3, 48), float("nan"))))
    rows, places = integers([0] * 5 + [-1] * 3), integers([*range(5), 0, 0, 0])
    found = call(padded, cache, cache.tables([0]), rows, places)
    assert torch.equal(found[:5], alone) and torch.equal(found[5:], torch.zeros(3, 16))
    assert int(cache.keys.isfinite().sum()) == int(cache.values.isfinite().sum()) == 5 * 16


def check_reduced_cache() -> None:
    """Keys and values of bfloat16 are what they are; queries, sums and results stay in float32."""
    if harness.device.type == "cpu":
        return
    tokens = draw(70, 2, 16)
    tokens[:, 32:] = tokens[:, 32:].bfloat16().float()
    found = attend(Cache(2, 16, dtype=torch.bfloat16), [tokens], [0], [0])
    assert_close(found.double(), expected(tokens, 2, None), rtol=1e-5, atol=2e-6)


def check_bad_calls() -> None:
    tokens, cache = draw(2, 1, 4), Cache(1, 4)
    tables, rows, places = cache.tables([0]), integers([0, 0]), integers([0, 1])
    harness.expect_error(lambda: call(tokens[:, :9], cache, tables, rows, places), "input", "headWidth")
    harness.expect_error(lambda: call(tokens.double(), cache, tables, rows, places), "float32")
    harness.expect_error(lambda: call(tokens, cache, tables, rows[:1], places), "sequences [1]")
    harness.expect_error(lambda: call(tokens, cache, tables.long(), rows, places), "int32")
    harness.expect_error(lambda: call(tokens, cache, tables, rows, places, 0), "window")
    if harness.device.type != "cpu":
        return  # Assertions of the kernel: the device would be lost.
    harness.expect_error(lambda: call(tokens, cache, tables, rows + 1, places), "outside the tables")
    harness.expect_error(lambda: call(tokens, cache, tables, rows, places * 320), "outside the tables")
    harness.expect_error(lambda: call(tokens, cache, tables + 40, rows, places), "no block")
    harness.expect_error(lambda: call(tokens, cache, tables, rows, places.flip(0)), "does not follow")
    harness.expect_error(lambda: call(tokens, cache, tables, integers([-1, 0]), places), "padding must come last")
    harness.expect_error(lambda: call(tokens, cache, cache.tables([0, 1]), rows, places, None, True), "2 sequences")


def check_row_norm() -> None:
    if harness.device.type != "cpu":
        return
    for width in (1, 15, 16, 33, 768):
        x, weight, bias = (torch.randn(shape) for shape in ((70, width), (width,), (width,)))
        found = torch.ops.gptorch.row_norm(x * 3 + 5, weight, bias, 1e-5)
        exact = functional.layer_norm((x * 3 + 5).double(), (width,), weight.double(), bias.double(), 1e-5)
        assert_close(found.double(), exact, rtol=1e-5, atol=2e-5)
        assert torch.equal(torch.ops.gptorch.row_norm(x[7:8] * 3 + 5, weight, bias, 1e-5), found[7:8])
    assert torch.ops.gptorch.row_norm(torch.empty(3, 0), torch.empty(0), torch.empty(0), 1e-5).shape == (3, 0)
