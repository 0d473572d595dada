"""What a task is: the parts of its examples, the sequences made of them, the size of its head."""

from dataclasses import dataclass

Tokens = list[int]
Parts = dict[str, Tokens | list[Tokens]]
"""By field name, as in gptorch's task files; `choices` holds one list of tokens a choice."""

PADDING = 0
"""An ordinary token of the vocabulary too: causal attention never looks at what stands behind."""


@dataclass(frozen=True)
class Task:
    name: str
    fields: tuple[str, ...]
    labels: tuple[str, ...] = ()
    """Class names; none for a score and for multiple choice, whose label is a number."""

    @property
    def outputs(self) -> int:
        """Rows of the head: one a class; one alone for a score, and for multiple choice (applied to every choice)."""
        return len(self.labels) or 1


TASKS = (
    Task("classification", ("text",), ("negative", "positive")),
    Task("entailment", ("premise", "hypothesis"), ("entailment", "neutral", "contradiction")),
    Task("similarity", ("a", "b"), ("different", "same")),
    Task("score", ("a", "b")),
    Task("multiple_choice", ("context", "choices")),
)


@dataclass(frozen=True)
class Example:
    parts: Parts
    label: int | float

    def manifest(self) -> dict[str, object]:
        return {"parts": self.parts, "label": self.label}


@dataclass(frozen=True)
class Special:
    """Ordinary tokens of the vocabulary that mark the parts; texts may hold them too."""

    start: int = 3
    delimiter: int = 17
    extract: int = 42


@dataclass(frozen=True)
class Assembled:
    sequences: list[Tokens]
    cut: bool


def assemble(task: Task, example: Example, special: Special, max_length: int) -> Assembled:
    """The sequences of one example: one; both orders for similarity and score; one a choice for multiple choice."""
    parts = example.parts
    if task.name == "multiple_choice":
        texts = [[parts["context"], choice] for choice in parts["choices"]]
    else:
        texts = [[parts[field] for field in task.fields]]
    # Both orders are made of the same cut parts: cut one by one, two texts of the same length could lose other tokens.
    short = [cut(text, room=max_length - len(text) - 1) for text in texts]
    orders = [short[0], short[0][::-1]] if task.name in ("similarity", "score") else short
    return Assembled([_joined(order, special) for order in orders], short != texts)


def _joined(parts: list[Tokens], special: Special) -> Tokens:
    tokens = [special.start, *parts[0]]
    for part in parts[1:]:
        tokens += [special.delimiter, *part]
    return [*tokens, special.extract]


def cut(parts: list[Tokens], room: int) -> list[Tokens]:
    """Each part gets an equal share of the room; what a short part leaves goes to the longer ones.

    Parts that fit together are left whole by the same rule.
    """
    if room < len(parts):
        raise ValueError(f"room for {room} tokens, but there are {len(parts)} parts")
    kept = list(parts)
    ascending = sorted(range(len(parts)), key=lambda index: len(parts[index]))  # sorted() keeps the order of equals
    for done, index in enumerate(ascending):
        kept[index] = parts[index][: room // (len(parts) - done)]
        room -= len(kept[index])
    return kept
