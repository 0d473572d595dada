"""The loss of a language model under gptorch's rules."""

from torch import Tensor
from torch.nn.functional import cross_entropy

IGNORED = -100


def next_token_loss(logits: Tensor, targets: Tensor, reduction: str = "mean") -> Tensor:
    """PyTorch's cross-entropy over all positions whose target is not IGNORED.

    One rule differs. With every target ignored PyTorch's mean is 0/0 = nan, and one such micro-batch would spoil a
    whole accumulated step. gptorch's mean is then 0, with zero gradients: the sum divided by max(count, 1).
    """
    total = cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=IGNORED, reduction="sum")
    if reduction == "sum":
        return total
    return total / max(int((targets != IGNORED).sum()), 1)
