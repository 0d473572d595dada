"""A plan written from the fixtures' examples; losses, weights and predictions that come of it."""

import json
import tempfile
from pathlib import Path

import finetune
import numpy as np
import task_batches
import task_metrics
import torch
import transformers
from safetensors.torch import load_file, save_file

import harness
from reference_checks import FIXTURES, Fixture
from task_checks import sequences

TASKS = ("classification", "entailment", "similarity", "multiple_choice")


def checks() -> list[harness.Check]:
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    steps = [(f"peer: thirty steps, {task}", lambda task=task: _check_steps(task)) for task in TASKS]
    batch = [
        (f"peer: micro-batches, mean by {reduction}", lambda reduction=reduction: _check_micro_batches(reduction))
        for reduction in ("sequence", "token")
    ]
    return [*steps, *batch, *harness.in_module(globals())]


def _batch(fixture: Fixture, indices: list[int]) -> dict:
    examples = [fixture.manifest["examples"][index] for index in indices]
    made = [sequences(fixture, example["parts"])[0] for example in examples]
    return {
        "sequences": [tokens for of_one in made for tokens in of_one],
        "group": [len(of_one) for of_one in made],
        "labels": [example["label"] for example in examples],
    }


def _run(fixture: Fixture, head: str, steps: list[dict], *words: str) -> tuple[list[dict], finetune.TaskModel]:
    """What the peer prints, and the trained model."""
    said: list[dict] = []
    task = fixture.manifest["task"].replace("_", "-").replace("score", "similarity")
    with tempfile.TemporaryDirectory() as folder:
        file = {name: Path(folder) / name for name in ("head", "plan", "eval")}
        save_file({n: torch.from_numpy(v).float().contiguous() for n, v in fixture.of(head).items()}, file["head"])
        file["plan"].write_text("".join(json.dumps(step) + "\n" for step in steps), "utf-8")
        everything = _batch(fixture, list(range(len(fixture.manifest["examples"]))))
        file["eval"].write_text(json.dumps(everything) + "\n", "utf-8")
        options = finetune.arguments(
            ["--model", str(FIXTURES / fixture.manifest["model"]), "--task", task, "--dropout", "0", "--threads", "1"]
            + [word for name, path in file.items() for word in (f"--{name}", str(path))]
            + list(words)
        )
        return said, finetune.run(options, said.append)


def _fixture(name: str) -> Fixture:
    return Fixture(FIXTURES / "tasks" / f"{name}.json")


def _check_steps(task: str) -> None:
    fixture = _fixture(f"gpt2_{task}_steps")
    rates = fixture.tensors["inputs/learningRates"]
    steps = [
        {"lr": float(rate), "microBatches": [_batch(fixture, indices)]}
        for rate, indices in zip(rates, fixture.manifest["steps"], strict=True)
    ]
    said, model = _run(fixture, "initial", steps, "--epochs", "5")
    losses = np.array([loss for epoch in said[:-1] for loss in epoch["stepLosses"]])
    assert len(said) == 6 and np.abs(losses - fixture.tensors["outputs/losses"]).max() < 1e-5
    assert abs(said[0]["fineTuningLoss"] - fixture.tensors["outputs/fineTuningLosses"][:6].mean()) < 1e-5
    _check_change(fixture, model)


def _check_change(fixture: Fixture, model: finetune.TaskModel) -> None:
    """‖Δw − Δw_ref‖ / ‖Δw_ref‖ over all weights but those whose true gradient is zero."""
    before = load_file(FIXTURES / fixture.manifest["model"] / "model.safetensors")
    off = moved = 0.0
    for name, value in model.named_parameters():
        start = fixture.of("initial")[name] if name.startswith("head.") else before[name].double().numpy()
        wanted = fixture.tensors[f"parameters/{name}"] - start
        got = value.detach().double().numpy() - start
        if name.endswith("attn.c_attn.bias"):
            keys = slice(len(got) // 3, 2 * len(got) // 3)
            got[keys] = wanted[keys] = 0
        if name == "head.bias" and fixture.manifest["task"] == "multiple_choice":
            continue
        off += float(((got - wanted) ** 2).sum())
        moved += float((wanted**2).sum())
    assert off**0.5 <= 1e-4 * moved**0.5, f"the change of the weights is off by {(off / moved) ** 0.5:.2g}"


def _check_micro_batches(reduction: str) -> None:
    """One step of two micro-batches, and the loss of the whole."""
    fixture = _fixture("gpt2_classification_accumulate")
    step = {"lr": 0.0, "microBatches": [_batch(fixture, indices) for indices in fixture.manifest["microBatches"]]}
    said, _ = _run(fixture, "parameters", [step], "--reduction", reduction)
    wanted = fixture.tensors[f"outputs/loss{reduction.title()}"]
    assert abs(said[0]["loss"] - wanted) < 1e-5, f"{said[0]['loss']}, not {wanted}"


def check_logits_of_every_task() -> None:
    for task in (*TASKS, "score"):
        fixture = _fixture(f"gpt2_{task}")
        batch = _batch(fixture, list(range(len(fixture.manifest["examples"]))))
        _, model = _run(fixture, "parameters", [{"lr": 0.0, "microBatches": [batch]}])
        examples = task_batches.pad(task_batches.read_examples(batch, model.is_score))
        logits = model.logits(examples).detach().double().numpy()
        real = logits[np.isfinite(logits)] if task == "multiple_choice" else logits
        distance = np.abs(real - fixture.tensors["outputs/logits"]).max()
        assert distance < 1e-5, f"{task}: off by {distance:.2g}"


def check_metrics_by_hand() -> None:
    # Two classes: 3 true positives, 1 false positive, 2 false negatives, 4 true negatives.
    truth = np.array([1, 1, 1, 0, 1, 1, 0, 0, 0, 0])
    predicted = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    _near(
        task_metrics.of_classes(predicted, truth),
        {"accuracy": 0.7, "macroF1": (6 / 9 + 8 / 11) / 2, "matthews": (3 * 4 - 1 * 2) / (4 * 5 * 5 * 6) ** 0.5},
    )
    always = task_metrics.of_classes(np.zeros(10, dtype=int), truth)
    _near(always, {"accuracy": 0.5, "macroF1": 1 / 3, "matthews": 0.0})
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4.
    scores = task_metrics.of_scores(np.array([0.0, 1.0, 1.0, 5.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    _near(scores, {"pearson": 7.5 / (14.75 * 5) ** 0.5, "spearman": 4.5 / (4.5 * 5) ** 0.5, "meanSquaredError": 1.75})


def _near(got: dict[str, float], wanted: dict[str, float]) -> None:
    assert got.keys() == wanted.keys()
    for name, value in wanted.items():
        assert abs(got[name] - value) < 1e-12, f"{name}: {got[name]}, not {value}"
