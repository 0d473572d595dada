"""Linear layers in both layouts."""

from torch import nn
from transformers.pytorch_utils import Conv1D

from case import Case
from draw import Draw
from modules import call, draw_parameters


def cases() -> list[Case]:
    return [
        _conv1d("linear", (2, 5), 12, 20),
        _conv1d("linear_one_row", (1, 1), 20, 12),
        _rows("linear_rows", (2, 5), 12, 7, bias=True),
        _rows("linear_rows_no_bias", (1, 3), 12, 7, bias=False),
    ]


def _conv1d(name: str, rows: tuple[int, int], width: int, out: int) -> Case:
    return _case(name, "transformers Conv1D: weight (in, out)", Conv1D(out, width), rows, width, out, True)


def _rows(name: str, rows: tuple[int, int], width: int, out: int, bias: bool) -> Case:
    return _case(name, "torch.nn.Linear: weight (out, in)", nn.Linear(width, out, bias), rows, width, out, bias)


def _case(
    name: str, reference: str, module: nn.Module, rows: tuple[int, int], width: int, out: int, bias: bool
) -> Case:
    draw = Draw(name)
    layout = "rows" if isinstance(module, nn.Linear) else "columns"
    return Case(
        name=f"modules/{name}",
        reference=reference,
        config={"in": width, "out": out, "bias": bias, "layout": layout},
        inputs={"hidden": draw.normal(*rows, width)},
        parameters=draw_parameters(module, draw),
        run=lambda inputs, parameters: {"hidden": call(module, parameters, inputs["hidden"])},
    )
