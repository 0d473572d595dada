"""torch modules as pure functions of their parameters."""

from torch import Tensor, nn
from torch.func import functional_call

from case import Tensors
from draw import Draw


def draw_parameters(module: nn.Module, draw: Draw) -> Tensors:
    return draw.parameters({name: tuple(value.shape) for name, value in module.named_parameters()})


def call(module: nn.Module, parameters: Tensors, *args: object, **kwargs: object) -> Tensor:
    module.eval()
    return functional_call(module, parameters, args, kwargs)
