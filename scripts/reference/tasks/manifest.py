"""What the manifests of all task fixtures say."""

from dataclasses import asdict

from tasks.examples import MAX_LENGTH
from tasks.task import Example, Special, Task, assemble
from tiny_models import TinyModel

LAMBDA = 0.5
SPECIAL = Special()


def manifest(model: TinyModel, task: Task, examples: list[Example]) -> dict[str, object]:
    cut = sum(assemble(task, example, SPECIAL, MAX_LENGTH).cut for example in examples)
    if not 0 < cut < len(examples):
        raise AssertionError(f"{model.name} {task.name}: {cut} of {len(examples)} examples are cut; some should be")
    return {
        "reference": f"{model.reference}: its last hidden states and logits; head and losses in plain PyTorch",
        "model": model.directory,
        "task": task.name,
        "labels": list(task.labels),
        "special": asdict(SPECIAL),
        "maxLength": MAX_LENGTH,
        "lambda": LAMBDA,
        "headLayout": "head.weight (outputs, width) and head.bias (outputs,), as torch.nn.Linear",
        "examples": [example.manifest() for example in examples],
        "cut": cut,
    }
