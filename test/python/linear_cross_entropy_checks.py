"""gptorch::linear_cross_entropy(hidden, weight, targets, row_weights, ignore_index, mean, chunk_rows)."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.testing import assert_close

import harness

IGNORED = -100
Operands = tuple[Tensor, Tensor, Tensor]


def checks() -> list[harness.Check]:
    return harness.in_module(globals())


def call(*arguments: object) -> Tensor:
    return harness.on_device(torch.ops.gptorch.linear_cross_entropy, *arguments)


def op(hidden: Tensor, weight: Tensor, targets: Tensor, mean: bool = True, chunk: int = 0) -> Tensor:
    return call(hidden, weight, targets, None, IGNORED, mean, chunk)


def plain(hidden: Tensor, weight: Tensor, targets: Tensor, mean: bool = True) -> Tensor:
    return cross_entropy(hidden @ weight.t(), targets, ignore_index=IGNORED, reduction="mean" if mean else "sum")


def operands(rows: int, width: int, vocabulary: int, dtype: torch.dtype = torch.double, std: float = 1.0) -> Operands:
    generator = torch.Generator().manual_seed(rows * 1000 + vocabulary)
    hidden = torch.randn(rows, width, generator=generator, dtype=torch.double) * std
    weight = torch.randn(vocabulary, width, generator=generator, dtype=torch.double)
    targets = torch.randint(vocabulary, (rows,), generator=generator)
    targets[1::3] = IGNORED
    return hidden.to(dtype).requires_grad_(), weight.to(dtype).requires_grad_(), targets


def distances(operator: Callable[..., Tensor], args: Operands, mean: bool, upstream: float = 1.0) -> list[float]:
    """max|a-b| / max|b| of the loss and of both gradients, b being plain PyTorch in double."""
    exact = tuple(value.detach().double().requires_grad_() for value in args[:2])
    return [
        relative_error(got, wanted)
        for got, wanted in zip(
            _results(operator, args[:2], args[2], mean, upstream),
            _results(plain, exact, args[2], mean, upstream),
            strict=True,
        )
    ]


def relative_error(got: Tensor, wanted: Tensor) -> float:
    distance, scale = float((got.double() - wanted).abs().max()), float(wanted.abs().max())
    return 0.0 if distance == 0 else distance / scale if scale > 0 else math.inf


def _results(
    operator: Callable[..., Tensor], leaves: tuple[Tensor, ...], targets: Tensor, mean: bool, upstream: float
) -> list[Tensor]:
    loss = operator(*leaves, targets, mean)
    return [loss.detach(), *torch.autograd.grad(loss * upstream, leaves)]


def assert_exact(args: Operands, mean: bool, chunk: int = 0, upstream: float = 1.0) -> None:
    errors = distances(lambda *given: op(*given, chunk), args, mean, upstream)
    assert max(errors) <= 1e-12, f"loss, hidden and weight gradient are off by {errors}"


def assert_as_good_as_pytorch(args: Operands, mean: bool, chunk: int = 0) -> None:
    """No further from the value in double than twice what PyTorch's operators give in the same type."""
    errors = distances(lambda *given: op(*given, chunk), args, mean)
    for error, theirs in zip(errors, distances(plain, args, mean), strict=True):
        assert error <= 2 * theirs + 1e-6, f"off by {error:.2g}, PyTorch by {theirs:.2g}"


def check_opcheck() -> None:
    for dtype in (torch.double, torch.float, torch.bfloat16):
        for mean in (True, False):
            arguments = (*operands(7, 5, 11, dtype), None, IGNORED, mean, 3)
            harness.opcheck(torch.ops.gptorch.linear_cross_entropy.default, arguments)


def check_opcheck_one_gradient() -> None:
    hidden, weight, targets = operands(7, 5, 11)
    for pair in ((hidden.detach(), weight), (hidden, weight.detach()), (hidden.detach(), weight.detach())):
        harness.opcheck(torch.ops.gptorch.linear_cross_entropy.default, (*pair, targets, None, IGNORED, True, 0))


def check_opcheck_forward_operator() -> None:
    hidden, weight, targets = (value.detach() for value in operands(7, 5, 11))
    for wanted in ((True, True), (True, False), (False, True), (False, False)):
        arguments = (hidden, weight, targets, None, IGNORED, True, 3, *wanted)
        harness.opcheck(torch.ops.gptorch.linear_cross_entropy_forward.default, arguments)


def check_gradcheck() -> None:
    hidden, weight, targets = operands(7, 5, 11)
    for mean in (True, False):
        for chunk in (0, 1, 3, 7, 100):
            torch.autograd.gradcheck(lambda h, w: op(h, w, targets, mean, chunk), (hidden, weight))


def check_equals_plain_pytorch() -> None:
    # One entry in the vocabulary leaves no choice: loss and gradients are zero.
    for rows, width, vocabulary in ((1, 1, 2), (2, 3, 1), (7, 12, 61), (64, 20, 257), (300, 32, 1000)):
        for mean in (True, False):
            for chunk in (0, 1, 5, 64):
                assert_exact(operands(rows, width, vocabulary), mean, chunk)
                assert_as_good_as_pytorch(operands(rows, width, vocabulary, torch.float), mean, chunk)


def check_bfloat16() -> None:
    assert_as_good_as_pytorch(operands(64, 20, 257, torch.bfloat16), mean=True)
    # The sum over chunks is kept in float32.
    assert_as_good_as_pytorch(operands(64, 20, 257, torch.bfloat16), mean=True, chunk=5)
    assert_as_good_as_pytorch(operands(2000, 20, 257, torch.bfloat16), mean=True, chunk=16)
    assert op(*operands(4, 5, 6, torch.bfloat16)).dtype == torch.float


def check_vocabulary_wider_than_default_chunk() -> None:
    # 40,000 columns leave 64 rows a chunk: the default cuts 150 rows into three.
    assert_as_good_as_pytorch(operands(150, 8, 40_000, torch.float), mean=True)


def check_large_logits() -> None:
    assert_as_good_as_pytorch(operands(9, 12, 13, torch.float, std=60.0), mean=True)


def weighted(hidden: Tensor, weight: Tensor, targets: Tensor, row_weights: Tensor, chunk: int = 0) -> Tensor:
    return call(hidden, weight, targets, row_weights, IGNORED, False, chunk)


def check_row_weights() -> None:
    hidden, weight, targets = operands(7, 5, 11)
    row_weights = torch.rand(7, generator=torch.Generator().manual_seed(1))
    arguments = (hidden, weight, targets, row_weights, IGNORED, False, 3)
    harness.opcheck(torch.ops.gptorch.linear_cross_entropy.default, arguments)
    for chunk in (0, 1, 3):
        torch.autograd.gradcheck(lambda h, w: weighted(h, w, targets, row_weights, chunk), (hidden, weight))
        each = cross_entropy(hidden @ weight.t(), targets, ignore_index=IGNORED, reduction="none")
        assert_close(weighted(hidden, weight, targets, row_weights, chunk), (each * row_weights).sum())


def check_bad_row_weights() -> None:
    hidden, weight, targets = operands(7, 5, 11)
    harness.expect_error(lambda: weighted(hidden, weight, targets, torch.ones(6)), "[6]")
    harness.expect_error(lambda: weighted(hidden, weight, targets, torch.ones(7).double()), "float32")
    harness.expect_error(lambda: call(hidden, weight, targets, torch.ones(7), IGNORED, True, 0), "sum")


def check_upstream_gradient() -> None:
    assert_exact(operands(7, 5, 11), mean=True, upstream=-2.5)


def check_non_contiguous() -> None:
    hidden, weight, targets = operands(6, 5, 11)
    turned = (hidden.t().contiguous().t(), weight[:, ::2], targets.repeat_interleave(2)[::2])
    narrow = (turned[0][:, ::2], turned[1], turned[2])
    assert not narrow[0].is_contiguous() and not narrow[1].is_contiguous() and not narrow[2].is_contiguous()
    assert_close(op(*narrow), plain(*narrow))
    torch.autograd.gradcheck(lambda h, w: op(h[:, ::2], w[:, ::2], narrow[2]), (hidden, weight))


def check_expanded_hidden() -> None:
    row, weight, targets = operands(1, 5, 11)[0], operands(6, 5, 11)[1], operands(6, 5, 11)[2]
    torch.autograd.gradcheck(lambda h, w: op(h.expand(6, 5), w, targets), (row, weight))


def check_all_ignored() -> None:
    """PyTorch's mean is nan here; ours is 0 with zero gradients, whatever the reduction."""
    hidden, weight, targets = operands(6, 5, 11)
    for mean in (True, False):
        loss = op(hidden, weight, torch.full_like(targets, IGNORED), mean)
        gradients = torch.autograd.grad(loss, (hidden, weight))
        assert float(loss.detach()) == 0.0
        assert all(float(gradient.abs().max()) == 0.0 for gradient in gradients)


def check_no_rows() -> None:
    hidden, weight, targets = operands(6, 5, 11)
    loss = op(hidden[:0], weight, targets[:0])
    gradients = torch.autograd.grad(loss, (hidden, weight))
    assert float(loss.detach()) == 0.0 and all(float(gradient.abs().max()) == 0.0 for gradient in gradients)


def check_no_vocabulary() -> None:
    hidden, _, targets = operands(6, 5, 11)
    loss = op(hidden, torch.empty(0, 5, dtype=torch.double), torch.full_like(targets, IGNORED))
    assert float(loss.detach()) == 0.0


def check_other_ignore_index() -> None:
    hidden, weight, targets = operands(6, 5, 11)
    targets = targets.clamp_min(0)
    got = call(hidden, weight, targets, None, int(targets[0]), True, 0)
    assert_close(got, cross_entropy(hidden @ weight.t(), targets, ignore_index=int(targets[0])))


def check_nan_reaches_the_loss() -> None:
    hidden, weight, targets = operands(6, 5, 11, torch.float)
    spoilt = hidden.detach().clone()
    spoilt[0, 0] = torch.nan
    assert op(spoilt, weight, targets).isnan()


def check_no_grad_mode() -> None:
    args = operands(6, 5, 11)
    with torch.no_grad():
        loss = op(*args)
    assert not loss.requires_grad
    assert_close(loss, plain(*args).detach())
    with torch.inference_mode():
        assert_close(op(*args), loss)


def check_autocast() -> None:
    hidden, weight, targets = operands(6, 5, 11, torch.float)
    with torch.autocast(harness.device.type, torch.bfloat16):
        loss = op(hidden, weight, targets)
    loss.backward()
    assert hidden.grad is not None and hidden.grad.dtype == torch.float
    reduced = op(hidden.detach().bfloat16(), weight.detach().bfloat16(), targets)
    assert_close(loss.detach(), reduced)


def check_second_derivative_is_refused() -> None:
    """The gradients are stored, not recorded: a second derivative through them would be silently wrong."""
    hidden, weight, targets = operands(6, 5, 11)

    def second() -> None:
        # Squared, so that the upstream gradient has a history and the first derivative looks differentiable.
        squared = op(hidden, weight, targets).square()
        (gradient,) = torch.autograd.grad(squared, hidden, create_graph=True)
        torch.autograd.grad(gradient.square().sum(), hidden)

    harness.expect_error(second, "linear_cross_entropy")


def check_threads_agree() -> None:
    args = operands(300, 32, 1000, torch.float)
    threads = torch.get_num_threads()
    try:
        results = []
        for count in (1, 2):
            torch.set_num_threads(count)
            loss = op(*args)
            results.append((loss, *torch.autograd.grad(loss, args[:2])))
    finally:
        torch.set_num_threads(threads)
    for one, two in zip(*results, strict=True):
        assert_close(one, two, rtol=1e-5, atol=1e-6)


def check_bad_calls() -> None:
    hidden, weight, targets = operands(6, 5, 11)
    if harness.device.type == "cpu":
        # On a GPU the kernel's assertion fails, and with it the process's whole context.
        harness.expect_error(lambda: op(hidden, weight, targets.new_full((6,), 11)), "11", "row 0")
        harness.expect_error(lambda: op(hidden, weight, targets.new_full((6,), -1)), "-1")
    harness.expect_error(lambda: op(hidden[:, :4], weight, targets), "[6, 4]", "[11, 5]")
    harness.expect_error(lambda: op(hidden, weight, targets[:5]), "[5]")
    harness.expect_error(lambda: op(hidden, weight, targets.int()), "int64")
    harness.expect_error(lambda: op(hidden.float(), weight, targets), "Float", "Double")
    harness.expect_error(lambda: op(hidden[None], weight, targets), "rows")
