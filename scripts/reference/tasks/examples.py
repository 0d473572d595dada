"""Examples of every awkward shape: one token, exactly fitting, cut in one part or in both, few and many choices."""

from draw import Draw
from tasks.task import PADDING, Example, Parts, Special, Task, Tokens

MAX_LENGTH = 20
"""Leaves room for 18 tokens of one text, for 17 of two: with equal texts the odd token shows which gets it."""

_TEXTS = (1, 5, 18, 19, 30, 7, 2)
_PAIRS = ((1, 1), (3, 9), (8, 9), (9, 9), (30, 4), (2, 33), (25, 20), (20, 25))
_CHOICES = ((6, (3, 1)), (14, (2, 9, 4)), (1, (1, 5, 2, 7, 3)), (30, (4, 4)), (10, (7, 8, 1)), (5, (20, 2, 30, 1, 6)))


def awkward(task: Task, draw: Draw, vocabulary: int) -> list[Example]:
    if task.name == "multiple_choice":
        shapes = [(context, list(choices)) for context, choices in _CHOICES]
    elif len(task.fields) == 2:
        shapes = list(_PAIRS)
    else:
        shapes = [(length,) for length in _TEXTS]
    examples = [_example(task, draw, vocabulary, shape) for shape in shapes]
    # Whoever takes padding by its id, or looks for the extract token by its id, goes wrong here.
    examples[1].parts[task.fields[0]][1:3] = [PADDING, Special().extract]
    return examples


def pool(task: Task, draw: Draw, vocabulary: int, count: int) -> list[Example]:
    """Texts of 1 to 13 tokens, of 1 to 24 where there is one alone; 2 to 5 choices."""
    made = []
    for _ in range(count):
        if task.name == "multiple_choice":
            choices = _length(draw, 2, 5)
            shape = (_length(draw, 1, 13), [_length(draw, 1, 13) for _ in range(choices)])
        else:
            longest = 13 if len(task.fields) == 2 else 24
            shape = tuple(_length(draw, 1, longest) for _ in task.fields)
        made.append(_example(task, draw, vocabulary, shape))
    return made


def _example(task: Task, draw: Draw, vocabulary: int, shape: tuple[int | list[int], ...]) -> Example:
    def tokens(length: int) -> Tokens:
        return draw.tokens(length, below=vocabulary).tolist()

    parts: Parts = {}
    for field, length in zip(task.fields, shape, strict=True):
        parts[field] = tokens(length) if isinstance(length, int) else [tokens(one) for one in length]
    if task.name == "score":
        return Example(parts, _length(draw, 4, 20) / 4)  # 1 to 5 in quarters, as SICK's scores run
    classes = len(parts["choices"]) if task.name == "multiple_choice" else len(task.labels)
    return Example(parts, _length(draw, 0, classes - 1))


def _length(draw: Draw, least: int, greatest: int) -> int:
    return least + int(draw.tokens(1, below=greatest - least + 1))
