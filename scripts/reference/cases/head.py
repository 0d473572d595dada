"""The language-model head, tied and untied."""

from torch.nn.functional import embedding, linear

from case import Case, Tensors
from draw import Draw

VOCABULARY, WIDTH = 13, 12


def cases() -> list[Case]:
    return [
        _untied("head_untied", batch=2, length=5),
        _untied("head_length_one", batch=1, length=1),
        _tied("head_tied"),
    ]


def _untied(name: str, batch: int, length: int) -> Case:
    draw = Draw(name)

    def run(inputs: Tensors, parameters: Tensors) -> Tensors:
        return {"logits": linear(inputs["hidden"], parameters["lm_head.weight"])}

    return Case(
        name=f"modules/{name}",
        reference="torch.nn.functional.linear(hidden, weight), weight (V, width)",
        config={"vocabSize": VOCABULARY, "width": WIDTH, "tiedEmbedding": False},
        inputs={"hidden": draw.normal(batch, length, WIDTH)},
        parameters=draw.parameters({"lm_head.weight": (VOCABULARY, WIDTH)}),
        run=run,
    )


def _tied(name: str) -> Case:
    """One matrix looks the tokens up and reads the logits out: its gradient is the sum of both uses."""
    draw = Draw(name)

    def run(inputs: Tensors, parameters: Tensors) -> Tensors:
        weight = parameters["wte.weight"]
        return {"logits": linear(embedding(inputs["tokens"], weight), weight)}

    return Case(
        name=f"modules/{name}",
        reference="linear(embedding(tokens, weight), weight), one weight (V, width)",
        config={"vocabSize": VOCABULARY, "width": WIDTH, "tiedEmbedding": True},
        inputs={"tokens": draw.tokens(2, 5, below=VOCABULARY)},
        parameters=draw.parameters({"wte.weight": (VOCABULARY, WIDTH)}),
        run=run,
    )
