"""Do the task fixtures hold what the design says? Without batches, padding or gradients: sequence by sequence."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import formulas
import harness
from reference_checks import FIXTURES, Fixture, Weights

Tokens = list[int]


@dataclass(frozen=True)
class Losses:
    logits: list[np.ndarray]
    """One row an example: classes, or choices."""
    fine_tuning: float
    by_sequence: float
    by_token: float

    def total(self, kind: str) -> float:
        """The loss whose gradients are kept under `kind`."""
        language = {"gradients": self.by_sequence, "gradientsToken": self.by_token, "gradientsFineTuning": 0.0}
        return self.fine_tuning + 0.5 * language[kind]


def checks() -> list[harness.Check]:
    fixtures = [Fixture(path) for path in sorted((FIXTURES / "tasks").glob("*.json"))]
    named: list[harness.Check] = []
    for fixture in fixtures:
        if fixture.name.endswith("_steps"):
            named.append((f"{fixture.name}: first step", lambda f=fixture: _check_first_step(f)))
        else:
            named.append((f"{fixture.name}: values", lambda f=fixture: _check_values(f)))
            named.append((f"{fixture.name}: gradients", lambda f=fixture: _check_gradients(f)))
    return [*named, *harness.in_module(globals()), ("tasks: none is missing", lambda: _check_count(fixtures))]


def sequences(fixture: Fixture, parts: dict) -> tuple[list[Tokens], bool]:
    """The sequences of an example, and whether something was cut off."""
    start, delimiter, extract = (fixture.manifest["special"][name] for name in ("start", "delimiter", "extract"))
    longest = fixture.manifest["maxLength"]
    if "text" in parts:
        room = longest - 2
        return [[start, *parts["text"][:room], extract]], len(parts["text"]) > room
    if "choices" in parts:
        pairs = [_pair(parts["context"], choice, longest - 3) for choice in parts["choices"]]
        whole = sum(map(len, parts["choices"])) + len(parts["context"]) * len(parts["choices"])
    else:
        one, two = parts.values()
        pairs, whole = [_pair(one, two, longest - 3)], len(one) + len(two)
    cut = sum(len(one) + len(two) for one, two in pairs) < whole
    if "a" in parts:
        pairs.append(pairs[0][::-1])
    return [[start, *one, delimiter, *two, extract] for one, two in pairs], cut


def _pair(one: Tokens, two: Tokens, room: int) -> tuple[Tokens, Tokens]:
    """A text of at most half the room stays whole; of two longer ones, the longer (of equals the second) gets more."""
    half, shorter = room // 2, min(len(one), len(two))
    if shorter <= half:
        return (one, two[: room - shorter]) if len(one) == shorter else (one[: room - shorter], two)
    if len(one) + len(two) <= room:
        return one, two
    return (one[:half], two[: room - half]) if len(one) == shorter else (one[: room - half], two[:half])


def losses(fixture: Fixture, weights: Weights, indices: list[int]) -> Losses:
    config = Fixture(FIXTURES / "forward" / f"{fixture.manifest['model'].split('/')[1]}_batch.json").config
    rows, task_losses, surprises = [], [], []
    for index in indices:
        example = fixture.manifest["examples"][index]
        states = []
        for tokens in sequences(fixture, example["parts"])[0]:
            hidden = formulas.hidden(np.array(tokens), weights, config)
            states.append(hidden[-1])
            log_probs = formulas.log_softmax(formulas.output(hidden, weights, config))
            surprises.append([-log_probs[at, after] for at, after in enumerate(tokens[1:])])
        rows.append(_logits(fixture, np.stack(states), weights))
        task_losses.append(_task_loss(fixture, rows[-1], example["label"]))
    flat = [value for of_one in surprises for value in of_one]
    by_sequence = math.fsum(math.fsum(of_one) / len(of_one) for of_one in surprises) / len(surprises)
    return Losses(rows, math.fsum(task_losses) / len(task_losses), by_sequence, math.fsum(flat) / len(flat))


def _logits(fixture: Fixture, states: np.ndarray, weights: Weights) -> np.ndarray:
    """states (sequences of the example, width)."""
    weight, bias = weights["head.weight"], weights["head.bias"]
    if fixture.manifest["task"] == "multiple_choice":
        return np.array([weight[0] @ state + bias[0] for state in states])
    both = states[0] + states[1] if fixture.manifest["task"] in ("similarity", "score") else states[0]
    return np.array([row @ both + shift for row, shift in zip(weight, bias, strict=True)])


def _task_loss(fixture: Fixture, logits: np.ndarray, label: float) -> float:
    if fixture.manifest["task"] == "score":
        return float((logits[0] - label) ** 2)
    return -float(formulas.log_softmax(logits)[int(label)])


def _weights(fixture: Fixture, head: str) -> Weights:
    return fixture.weights() | fixture.of(head)


def _all(fixture: Fixture) -> list[int]:
    return list(range(len(fixture.manifest["examples"])))


def _check_values(fixture: Fixture) -> None:
    found = losses(fixture, _weights(fixture, "parameters"), _all(fixture))
    stacked = np.concatenate if fixture.manifest["task"] == "multiple_choice" else np.stack
    _near(stacked(found.logits), fixture.tensors["outputs/logits"], "logits")
    _near(found.fine_tuning, fixture.tensors["outputs/fineTuningLoss"], "fineTuningLoss")
    _near(found.by_sequence, fixture.tensors["outputs/languageModelingLossSequence"], "languageModelingLossSequence")
    _near(found.by_token, fixture.tensors["outputs/languageModelingLossToken"], "languageModelingLossToken")
    _near(found.total("gradients"), fixture.tensors["outputs/lossSequence"], "lossSequence")
    _near(found.total("gradientsToken"), fixture.tensors["outputs/lossToken"], "lossToken")
    cut = sum(sequences(fixture, example["parts"])[1] for example in fixture.manifest["examples"])
    assert cut == fixture.manifest["cut"], f"{cut} examples are cut, not {fixture.manifest['cut']}"


def _check_gradients(fixture: Fixture) -> None:
    """Along random directions through all parameters at once, against the losses' central differences."""
    weights = _weights(fixture, "parameters")
    numbers = np.random.default_rng(0)
    for _ in range(2):
        directions = {n: numbers.standard_normal(v.shape) * np.abs(v).max() for n, v in weights.items()}
        ends = []
        for size in (1e-5, -1e-5):
            moved = {name: value + size * directions[name] for name, value in weights.items()}
            ends.append(losses(fixture, moved, _all(fixture)))
        for kind in ("gradients", "gradientsToken", "gradientsFineTuning"):
            gradients = fixture.of(kind)
            assert gradients.keys() == weights.keys(), f"{kind}: {gradients.keys() ^ weights.keys()}"
            products = [gradients[name] * directions[name] for name in weights]
            slope = (ends[0].total(kind) - ends[1].total(kind)) / 2e-5
            error = abs(slope - sum(float(product.sum()) for product in products))
            # Of the sum of absolute products: the products may cancel.
            scale = sum(float(np.abs(product).sum()) for product in products)
            assert error <= 1e-6 * scale, f"{kind}: slope {slope}, off by {error:.2g} at scale {scale:.2g}"


def _check_first_step(fixture: Fixture) -> None:
    """The following steps are AdamW's, which trajectory_checks does by hand."""
    found = losses(fixture, _weights(fixture, "initial"), fixture.manifest["steps"][0])
    _near(found.total("gradients"), fixture.tensors["outputs/losses"][0], "loss")
    _near(found.fine_tuning, fixture.tensors["outputs/fineTuningLosses"][0], "fine-tuning loss")
    _near(found.by_sequence, fixture.tensors["outputs/languageModelingLosses"][0], "language-modelling loss")
    seen = [index for step in fixture.manifest["steps"] for index in step]
    assert len(fixture.manifest["steps"]) == 30 and set(seen) == set(_all(fixture))
    for step, rate in enumerate(fixture.tensors["inputs/learningRates"]):
        _near(1e-3 * min((step + 1) / 4, (30 - step) / 27), rate, f"learning rate of step {step}")


def _near(got: np.ndarray | float, wanted: np.ndarray, what: str) -> None:
    got = np.asarray(got)
    assert got.shape == wanted.shape, f"{what}: shape {got.shape}, the fixture's {wanted.shape}"
    distance, scale = float(np.abs(got - wanted).max()), float(np.abs(wanted).max())
    assert distance <= 2e-7 * scale, f"{what}: off by {distance:.2g} where the greatest value is {scale:.2g}"


def _fixture(name: str) -> Fixture:
    return Fixture(FIXTURES / "tasks" / f"{name}.json")


def check_similarity_adds_the_orders_not_the_features() -> None:
    """One example, by hand: the head sees a vector of width features, the same whichever text is called a."""
    fixture = _fixture("gpt2_similarity")
    weights = _weights(fixture, "parameters")
    config = Fixture(FIXTURES / "forward" / "gpt2_batch.json").config
    parts = fixture.manifest["examples"][1]["parts"]  # 3 and 9 tokens: nothing is cut
    start, delimiter, extract = 3, 17, 42
    forth = [start, *parts["a"], delimiter, *parts["b"], extract]
    back = [start, *parts["b"], delimiter, *parts["a"], extract]
    one, two = (formulas.hidden(np.array(tokens), weights, config)[-1] for tokens in (forth, back))
    wanted = fixture.tensors["outputs/logits"][1]
    _near((one + two) @ weights["head.weight"].T + weights["head.bias"], wanted, "logits")
    wrong = {
        "one order alone": one @ weights["head.weight"].T + weights["head.bias"],
        "their mean": (one + two) / 2 @ weights["head.weight"].T + weights["head.bias"],
        "the head's bias added twice": (one + two) @ weights["head.weight"].T + 2 * weights["head.bias"],
        "features summed": np.full(20, (one + two).sum()) @ weights["head.weight"].T + weights["head.bias"],
    }
    _assert_told_apart(wrong, wanted)


def check_wrong_tokens_would_be_noticed() -> None:
    """The known traps of a padded batch: each gives other losses than the fixture's."""
    fixture = _fixture("gpt2_classification")
    weights = _weights(fixture, "parameters")
    config = Fixture(FIXTURES / "forward" / "gpt2_batch.json").config
    made = [sequences(fixture, example["parts"])[0][0] for example in fixture.manifest["examples"]]
    longest = max(map(len, made))
    padded = [tokens + [0] * (longest - len(tokens)) for tokens in made]
    states = [formulas.hidden(np.array(tokens), weights, config) for tokens in padded]

    def logits(place: Callable[[Tokens], int]) -> np.ndarray:
        rows = [state[place(tokens)] for state, tokens in zip(states, made, strict=True)]
        return np.stack(rows) @ weights["head.weight"].T + weights["head.bias"]

    wanted = fixture.tensors["outputs/logits"]
    _near(logits(lambda tokens: len(tokens) - 1), wanted, "logits of the padded batch")
    wrong = {
        "the last place of the padded row": logits(lambda tokens: -1),
        "the first extract token": logits(lambda tokens: tokens.index(42)),
        "the place before the first padding token": logits(lambda tokens: [*tokens, 0].index(0) - 1),
    }
    _assert_told_apart(wrong, wanted)

    log_probs = [formulas.log_softmax(formulas.output(state, weights, config)) for state in states]
    rows = [[-p[at, after] for at, after in enumerate(t[1:])] for p, t in zip(log_probs, padded, strict=True)]
    with_padding = np.array(np.mean(rows))
    _assert_told_apart({"padding counted": with_padding}, fixture.tensors["outputs/languageModelingLossSequence"])


def check_a_mean_of_means_would_be_noticed() -> None:
    """Micro-batches of 4 and 2 examples, whose texts differ in length."""
    fixture = _fixture("gpt2_classification_accumulate")
    weights = _weights(fixture, "parameters")
    batches = fixture.manifest["microBatches"]
    found = [losses(fixture, weights, batch) for batch in batches]
    units = fixture.manifest["units"]
    assert (
        [unit["examples"] for unit in units]
        == [unit["sequences"] for unit in units]
        == [4, 2]
        == [len(batch) for batch in batches]
    )
    for kind, attribute in (("Sequence", "by_sequence"), ("Token", "by_token")):
        wanted = fixture.tensors[f"outputs/languageModelingLoss{kind}"]
        values = [getattr(one, attribute) for one in found]
        counts = [unit["sequences" if kind == "Sequence" else "tokens"] for unit in units]
        _near(np.average(values, weights=counts), wanted, kind)
        _assert_told_apart({"a mean of means": np.array(np.mean(values))}, wanted)


def _assert_told_apart(wrong: dict[str, np.ndarray], wanted: np.ndarray) -> None:
    for what, value in wrong.items():
        distance = float(np.abs(value - wanted).max() / np.abs(wanted).max())
        assert distance > 1e-3, f"{what}: only {distance:.2g} away, no test would notice"


def _check_count(fixtures: list[Fixture]) -> None:
    kinds = ("classification", "entailment", "similarity", "score", "multiple_choice")
    wanted = {f"tasks/{model}_{kind}" for model in ("gpt2", "gpt1") for kind in kinds}
    wanted |= {f"tasks/gpt2_{kind}_steps" for kind in kinds if kind != "score"}
    wanted |= {"tasks/gpt1_classification_steps", "tasks/gpt2_classification_accumulate"}
    assert {fixture.name for fixture in fixtures} == wanted
