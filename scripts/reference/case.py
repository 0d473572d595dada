"""A case: inputs, parameters and the function from them to outputs that the fixture records."""

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

Tensors = dict[str, Tensor]
Run = Callable[[Tensors, Tensors], Tensors]
"""From inputs and parameters to outputs."""


@dataclass(frozen=True)
class Case:
    """`run(inputs, parameters)` is pure and works in whatever float type it is given.

    If it returns `loss`, gradients are that loss's; otherwise they are those of the sum of output * probe over all
    outputs, with the probes drawn at random and written to the fixture.
    """

    name: str
    """Folder and file name below test/fixtures/parity, without an ending."""
    reference: str
    """Whose code gives the values; ends up in the manifest."""
    config: dict[str, object]
    """What the module under test is built with, in gptorch's terms."""
    inputs: Tensors
    parameters: Tensors
    run: Run
    model: str | None = None
    """The model directory that holds the parameters; then they are not written a second time."""
    notes: dict[str, object] = field(default_factory=dict)
    """Further facts for the manifest."""
