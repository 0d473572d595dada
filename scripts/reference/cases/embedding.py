"""Token plus position embedding."""

import torch
from torch.nn.functional import embedding

from case import Case, Tensors
from draw import Draw


def cases() -> list[Case]:
    return [
        _case("embedding", batch=2, length=5, context=8),
        _case("embedding_full_context", batch=1, length=8, context=8),
        _case("embedding_length_one", batch=3, length=1, context=8),
    ]


def _case(name: str, batch: int, length: int, context: int) -> Case:
    draw = Draw(name)
    vocabulary, width = 7, 12  # so few tokens that some come twice: their gradients must add up
    return Case(
        name=f"modules/{name}",
        reference="torch.nn.functional.embedding of tokens + of positions 0 … T-1",
        config={"vocabSize": vocabulary, "contextLength": context, "width": width},
        inputs={"tokens": draw.tokens(batch, length, below=vocabulary)},
        parameters=draw.parameters({"wte.weight": (vocabulary, width), "wpe.weight": (context, width)}),
        run=_run,
    )


def _run(inputs: Tensors, parameters: Tensors) -> Tensors:
    tokens = inputs["tokens"]
    positions = torch.arange(tokens.shape[1])
    return {"hidden": embedding(tokens, parameters["wte.weight"]) + embedding(positions, parameters["wpe.weight"])}
