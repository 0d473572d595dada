"""gptorch::causal_attention(projection, heads, window, dropout, key, draw): attention by blocks, against whole scores."""

import itertools
import math

import torch
from torch import Tensor
from torch.testing import assert_close

import harness

KEY = (7, 3, 2)
DRAW = 5
# (batch, length, heads, head width): one of each, odd widths, less than a block, a block and one more, several and a rest.
SHAPES = ((1, 1, 1, 1), (2, 3, 2, 5), (1, 33, 1, 64), (2, 64, 4, 32), (1, 129, 2, 24), (3, 130, 1, 80), (1, 301, 2, 40))
WINDOWS = (None, 1, 2, 31, 128, 1000)


def checks() -> list[harness.Check]:
    return harness.in_module(globals())


def op(
    projection: Tensor, heads: int, window: int | None = None, dropout: float = 0.0, key: Tensor | None = None
) -> Tensor:
    if key is None and dropout > 0:
        key = torch.tensor(KEY)
    return torch.ops.gptorch.causal_attention(projection, heads, window, dropout, key, DRAW)


def projection_of(
    batch: int, length: int, heads: int, head_width: int, dtype: torch.dtype = torch.double, std: float = 1.0
) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(batch, length, 3 * heads * head_width, generator=generator, dtype=torch.double) * std
    return values.to(dtype).requires_grad_()


def plain(projection: Tensor, heads: int, window: int | None = None, dropout: float = 0.0) -> Tensor:
    """The same with whole scores."""
    batch, length, three = projection.shape
    query, key, value = projection.view(batch, length, 3, heads, three // 3 // heads).permute(2, 0, 3, 1, 4)
    scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
    seen = torch.ones(length, length, dtype=torch.bool).tril()
    if window is not None:
        seen &= ~seen.tril(-window)
    weights = scores.masked_fill(~seen, -math.inf).softmax(-1)
    weights = torch.ops.gptorch.dropout(weights, dropout, KEY[0], KEY[1], KEY[2] + DRAW)
    return (weights @ value).transpose(1, 2).reshape(batch, length, three // 3)


def with_gradient(output: Tensor, projection: Tensor) -> tuple[Tensor, Tensor]:
    upper = torch.randn(output.shape, generator=torch.Generator().manual_seed(1), dtype=torch.double)
    (gradient,) = torch.autograd.grad(output, projection, upper.to(output.dtype))
    return output.detach(), gradient


def check_opcheck() -> None:
    for dtype, window, dropout in itertools.product(
        (torch.double, torch.float, torch.bfloat16), (None, 3), (0.0, 0.3, 1.0)
    ):
        projection = projection_of(2, 9, 2, 4, dtype)
        arguments = (projection, 2, window, dropout, torch.tensor(KEY) if dropout else None, DRAW)
        harness.opcheck(torch.ops.gptorch.causal_attention.default, arguments)
        rest = arguments[1:]
        projection = projection.detach()
        harness.opcheck(torch.ops.gptorch.causal_attention_forward.default, (projection, *rest))
        output, log_sum_exp = torch.ops.gptorch.causal_attention_forward(projection, *rest)
        arguments = (output, projection, output, log_sum_exp, *rest)
        harness.opcheck(torch.ops.gptorch.causal_attention_backward.default, arguments)


def check_gradcheck() -> None:
    for (shape, window), dropout in itertools.product(
        (((2, 5, 2, 3), None), ((1, 1, 1, 1), None), ((1, 36, 1, 2), 3), ((1, 130, 1, 1), 40)), (0.0, 0.3)
    ):
        projection = projection_of(*shape)
        torch.autograd.gradcheck(lambda p, w=window, d=dropout, h=shape[2]: op(p, h, w, d), (projection,))


def check_equals_whole_scores() -> None:
    """In double precision to its rounding; in float32 as near to that as torch's own whole scores are."""
    for shape, window, dropout in itertools.product(SHAPES, WINDOWS, (0.0, 0.3)):
        heads = shape[2]
        exact = projection_of(*shape)
        expected = with_gradient(plain(exact, heads, window, dropout), exact)
        found = with_gradient(op(exact, heads, window, dropout), exact)
        single = projection_of(*shape, torch.float)
        ours = with_gradient(op(single, heads, window, dropout), single)
        theirs = with_gradient(plain(single, heads, window, dropout), single)
        for one, two, own, other in zip(found, expected, ours, theirs, strict=True):
            what = f"{shape}, window {window}, dropout {dropout}"
            assert_close(one, two, rtol=1e-10, atol=1e-12, msg=lambda m, w=what: f"{w}: {m}")
            error, limit = (float((t.double() - two).abs().max()) for t in (own, other))
            # Where a query sees one key alone, torch's gradient of its score is 0; ours the rounding of a difference.
            assert error <= 2 * limit + 1e-6 * math.sqrt(shape[3]), f"{what}: off by {error}, torch by {limit}"


def check_drops_what_dropout_drops() -> None:
    """With the unit matrix as values the output is the weights."""
    for batch, length, heads in ((2, 64, 2), (1, 100, 3), (1, 128, 2), (2, 150, 1)):
        projection = torch.zeros(batch, length, 3, heads, length)
        projection[:, :, 2] = torch.eye(length)[:, None]
        weights = op(projection.flatten(2), heads, dropout=0.4).view(batch, length, heads, length).transpose(1, 2)
        ones = torch.ones(batch, heads, length, length)
        kept = torch.ops.gptorch.dropout(ones, 0.4, KEY[0], KEY[1], KEY[2] + DRAW)
        expected = kept.tril() / torch.arange(1, length + 1)[:, None]
        assert torch.equal(weights != 0, expected != 0)
        assert_close(weights, expected, rtol=1e-6, atol=0)


def check_all_dropped() -> None:
    projection = projection_of(2, 40, 2, 8, torch.float)
    output, gradient = with_gradient(op(projection, 2, dropout=1.0), projection)
    assert torch.equal(output, torch.zeros_like(output)) and torch.equal(gradient, torch.zeros_like(gradient))


def check_reduced_dtypes() -> None:
    """Computed in float32: only input and output are rounded."""
    for dtype in (torch.bfloat16, torch.half):
        projection = projection_of(2, 70, 2, 16, dtype)
        wide = projection.detach().float().requires_grad_()
        for window, dropout in ((None, 0.0), (9, 0.3)):
            found = with_gradient(op(projection, 2, window, dropout), projection)
            expected = with_gradient(op(wide, 2, window, dropout), wide)
            assert found[0].dtype == found[1].dtype == dtype
            assert torch.equal(found[0], expected[0].to(dtype))
            assert_close(found[1].float(), expected[1], rtol=0, atol=0.03)


def check_large_scores() -> None:
    for dtype, bound in ((torch.double, 1e-9), (torch.float, 2e-3)):
        projection, exact = projection_of(1, 200, 1, 16, dtype, std=20.0), projection_of(1, 200, 1, 16, std=20.0)
        found = with_gradient(op(projection, 1), projection)
        expected = with_gradient(plain(exact, 1), exact)
        for one, two in zip(found, expected, strict=True):
            assert_close(one.double(), two, rtol=bound, atol=bound * float(two.abs().max()))


def check_the_future_has_no_influence() -> None:
    projection = projection_of(1, 150, 2, 16, torch.float).detach()
    changed = projection.clone()
    changed[:, 101:] = 1e4
    for dropout in (0.0, 0.3):
        assert torch.equal(op(projection, 2, dropout=dropout)[:, :101], op(changed, 2, dropout=dropout)[:, :101])
    changed = projection.clone()
    changed[:, :20] = 1e4
    assert torch.equal(op(projection, 2, 30)[:, 49:], op(changed, 2, 30)[:, 49:])


def check_nan_reaches_the_output() -> None:
    for place in (0, 70):
        for which in range(3):
            projection = projection_of(1, 100, 1, 4, torch.float).detach()
            projection[0, place, which * 4] = torch.nan
            assert op(projection, 1)[0, place].isnan().any(), f"position {place}, part {which}"


def check_same_bits_again_and_on_any_threads() -> None:
    threads = torch.get_num_threads()
    results = []
    try:
        for count in (1, 1, 2, 3):
            torch.set_num_threads(count)
            projection = projection_of(1, 300, 3, 32, torch.float)
            results.append(with_gradient(op(projection, 3, 200, 0.1), projection))
    finally:
        torch.set_num_threads(threads)
    for other in results[1:]:
        assert all(torch.equal(one, two) for one, two in zip(results[0], other, strict=True))


def check_non_contiguous() -> None:
    wide = projection_of(4, 40, 2, 16)
    views = (lambda p: p[:, ::2], lambda p: p.transpose(0, 1), lambda p: p[..., ::2], lambda p: p[:1].expand(3, -1, -1))
    for view in views:
        found = with_gradient(op(view(wide), 2, 7), wide)
        expected = with_gradient(plain(view(wide).contiguous(), 2, 7), wide)
        for one, two in zip(found, expected, strict=True):
            assert_close(one, two)
    # A gradient that is one number, expanded.
    (gradient,) = torch.autograd.grad(op(wide, 2).sum(), wide)
    assert_close(gradient, torch.autograd.grad(plain(wide, 2).sum(), wide)[0])


def check_empty() -> None:
    for shape in ((0, 5, 12), (2, 0, 12)):
        projection = torch.empty(shape, requires_grad=True)
        output = op(projection, 2)
        assert output.shape == (*shape[:2], 4)
        output.sum().backward()


def check_no_grad_mode() -> None:
    projection = projection_of(2, 9, 2, 4)
    with torch.no_grad():
        output = op(projection, 2)
    assert not output.requires_grad and torch.equal(output, op(projection, 2).detach())
    with torch.inference_mode():
        assert torch.equal(op(projection, 2), output)


def check_second_derivative_is_refused() -> None:
    projection = projection_of(1, 5, 1, 2)

    def second() -> None:
        (gradient,) = torch.autograd.grad(op(projection, 1).square().sum(), projection, create_graph=True)
        torch.autograd.grad(gradient.square().sum(), projection)

    harness.expect_error(second, "causal_attention", "second derivative")


def check_a_key_that_changed_fails_the_backward_pass() -> None:
    key = torch.tensor(KEY)
    output = op(projection_of(1, 5, 1, 2), 1, dropout=0.3, key=key)
    key[1] += 1
    harness.expect_error(lambda: output.sum().backward(), "inplace")


def check_bad_calls() -> None:
    projection = projection_of(2, 5, 2, 4)
    harness.expect_error(lambda: op(projection, 5), "5 heads", "[2, 5, 24]")
    harness.expect_error(lambda: op(projection, 0), "heads", "0")
    harness.expect_error(lambda: op(projection[0], 2), "[5, 24]")
    harness.expect_error(lambda: op(projection.long(), 2), "Long")
    harness.expect_error(lambda: op(projection, 2, 0), "window", "0")
    harness.expect_error(lambda: op(projection, 2, None, 1.5, torch.tensor(KEY)), "1.5")
    harness.expect_error(lambda: torch.ops.gptorch.causal_attention(projection, 2, None, 0.1), "key")
    harness.expect_error(lambda: op(projection, 2, None, 0.1, torch.tensor((1, 2))), "seed, step and ordinal")
