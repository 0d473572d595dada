"""Do the fixtures hold what the papers say? Values and gradients against formulas.py, in double."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

import formulas
import harness

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "parity"
Weights = dict[str, np.ndarray]


class Fixture:
    def __init__(self, path: Path):
        self.name = str(path.relative_to(FIXTURES).with_suffix(""))
        self.manifest = json.loads(path.read_text("utf-8"))
        self.tensors = _double(load_file(path.with_suffix(".safetensors")))
        self.config = self.manifest.get("config", {})

    def of(self, kind: str) -> Weights:
        start = f"{kind}/"
        return {name.removeprefix(start): value for name, value in self.tensors.items() if name.startswith(start)}

    def weights(self) -> Weights:
        model = self.manifest.get("model")
        return _double(load_file(FIXTURES / model / "model.safetensors")) if model else self.of("parameters")


def _double(tensors: Weights) -> Weights:
    return {name: value.astype(np.float64) if value.dtype == np.float32 else value for name, value in tensors.items()}


def checks() -> list[harness.Check]:
    # Tokenizers and texts are JSON too, without tensors.
    fixtures = [Fixture(path.with_suffix(".json")) for path in sorted(FIXTURES.glob("*/*.safetensors"))]
    named: list[harness.Check] = []
    for fixture in fixtures:
        forward = _forward(fixture)
        if forward is not None:
            named.append((f"{fixture.name}: values", lambda f=fixture, run=forward: _check_values(f, run)))
            named.append((f"{fixture.name}: gradients", lambda f=fixture, run=forward: _check_gradients(f, run)))
        if fixture.name.startswith("generation/"):
            named.append((fixture.name, lambda f=fixture: _check_generation(f)))
    return [*named, ("every case has a formula", lambda: _check_all_known(fixtures))]


Forward = Callable[[Weights, Weights], Weights]


def _forward(fixture: Fixture) -> Forward | None:
    """The function from (inputs, parameters) to outputs, by the fixture's name."""
    area, case = fixture.name.split("/")
    if area == "forward":
        return _model(fixture.config)
    if area != "modules":
        return None
    for start, make in MODULES.items():
        if case.startswith(start):
            return make(fixture.config)
    return None


def _model(config: dict) -> Forward:
    def run(inputs: Weights, weights: Weights) -> Weights:
        rows = np.stack([formulas.logits(tokens, weights, config) for tokens in inputs["tokens"]])
        flat = rows.reshape(-1, rows.shape[-1])
        return {"logits": rows, "loss": np.array(formulas.loss(flat, inputs["targets"].ravel()))}

    return run


def _each(config: dict, function: Callable[[np.ndarray, Weights, str, dict], np.ndarray]) -> Forward:
    return lambda inputs, weights: {"hidden": np.stack([function(x, weights, "", config) for x in inputs["hidden"]])}


def _linear(config: dict) -> Forward:
    def run(inputs: Weights, weights: Weights) -> Weights:
        matrix = weights["weight"].T if config["layout"] == "rows" else weights["weight"]
        return {"hidden": inputs["hidden"] @ matrix + weights.get("bias", 0.0)}

    return run


def _layer_norm(config: dict) -> Forward:
    def run(inputs: Weights, weights: Weights) -> Weights:
        eps = config["layerNormEps"]
        return {"hidden": formulas.layer_norm(inputs["hidden"], weights["weight"], weights["bias"], eps)}

    return run


def _embedding(_: dict) -> Forward:
    def run(inputs: Weights, weights: Weights) -> Weights:
        tokens = inputs["tokens"]
        return {"hidden": weights["wte.weight"][tokens] + weights["wpe.weight"][: tokens.shape[1]]}

    return run


def _head(config: dict) -> Forward:
    def run(inputs: Weights, weights: Weights) -> Weights:
        if config["tiedEmbedding"]:
            return {"logits": weights["wte.weight"][inputs["tokens"]] @ weights["wte.weight"].T}
        return {"logits": inputs["hidden"] @ weights["lm_head.weight"].T}

    return run


def _cross_entropy(config: dict) -> Forward:
    def run(inputs: Weights, weights: Weights) -> Weights:
        rows = inputs["logits"] if "logits" in inputs else inputs["hidden"] @ weights["weight"].T
        flat = rows.reshape(-1, rows.shape[-1])
        return {"loss": np.array(formulas.loss(flat, inputs["targets"].ravel(), config["reduction"]))}

    return run


# By the beginning of the case's name; the longer of two names comes first.
MODULES: dict[str, Callable[[dict], Forward]] = {
    "embedding": _embedding,
    "layer_norm": _layer_norm,
    "linear_cross_entropy": _cross_entropy,
    "linear": _linear,
    "attention": lambda config: _each(config, formulas.attention),
    "feed_forward": lambda config: _each(config, formulas.feed_forward),
    "decoder_block": lambda config: _each(config, formulas.block),
    "head": _head,
    "cross_entropy": _cross_entropy,
}


def _check_values(fixture: Fixture, forward: Forward) -> None:
    for name, value in forward(fixture.of("inputs"), fixture.weights()).items():
        wanted = fixture.tensors[f"outputs/{name}"]
        assert value.shape == wanted.shape, f"{name}: shape {value.shape}, the fixture's {wanted.shape}"
        _assert_near(value, wanted, 2e-7, name)  # float32's rounding of what is stored


def _check_gradients(fixture: Fixture, forward: Forward) -> None:
    """Each tensor's gradient along a random direction, against the loss's central difference."""
    inputs, weights, probes = fixture.of("inputs"), fixture.weights(), fixture.of("probes")
    gradients = [("gradients", weights, name, value) for name, value in fixture.of("gradients").items()]
    gradients += [("inputGradients", inputs, name, value) for name, value in fixture.of("inputGradients").items()]
    assert gradients and {name for kind, _, name, _ in gradients if kind == "gradients"} == set(weights)

    def loss() -> float:
        outputs = forward(inputs, weights)
        return float(outputs["loss"]) if not probes else sum(float((outputs[n] * p).sum()) for n, p in probes.items())

    numbers = np.random.default_rng(0)
    for _, group, name, gradient in gradients:
        value = group[name]
        direction = numbers.standard_normal(value.shape)
        size = 1e-5 * float(np.abs(value).max())
        ends = []
        for sign in (1, -1):
            group[name] = value + sign * size * direction
            ends.append(loss())
        group[name] = value
        slope = (ends[0] - ends[1]) / (2 * size)
        # Of the sum of absolute products: the products may cancel.
        scale = float(np.abs(gradient * direction).sum())
        error = abs(slope - float((gradient * direction).sum()))
        assert error <= 2e-6 * scale + 1e-9, f"{name}: slope {slope}, off by {error:.2g} at scale {scale:.2g}"


def _check_generation(fixture: Fixture) -> None:
    model = fixture.name.split("/")[1]
    config = Fixture(FIXTURES / "forward" / f"{model}_batch.json").config
    weights = fixture.weights()
    tokens = list(fixture.tensors["inputs/prompt"])
    for wanted in fixture.tensors["outputs/continuation"]:
        assert int(formulas.logits(np.array(tokens), weights, config)[-1].argmax()) == int(wanted)
        tokens.append(int(wanted))
    scored = fixture.tensors["inputs/tokens"]
    rows = formulas.log_softmax(formulas.logits(scored, weights, config))
    log_probs = np.array([rows[i, scored[i + 1]] for i in range(len(scored) - 1)])
    _assert_near(log_probs, fixture.tensors["outputs/logProbs"], 2e-7, "logProbs")
    _assert_near(-log_probs.mean(), fixture.tensors["outputs/loss"], 2e-7, "loss")


def _check_all_known(fixtures: list[Fixture]) -> None:
    assert len(fixtures) > 60, f"only {len(fixtures)} fixtures in {FIXTURES}"
    unknown = [f.name for f in fixtures if f.name.startswith(("modules/", "forward/")) and _forward(f) is None]
    assert not unknown, f"no formula for {unknown}"


def _assert_near(got: np.ndarray, wanted: np.ndarray, tolerance: float, what: str) -> None:
    distance, scale = float(np.abs(got - wanted).max()), float(np.abs(wanted).max())
    assert distance <= tolerance * scale, f"{what}: off by {distance:.2g} where the greatest value is {scale:.2g}"
