"""Fine-tuning: task heads, their losses and gradients, accumulated steps and whole runs."""

from fixture import Source
from tasks import gradients, steps
from tasks.task import TASKS
from tiny_models import TinyModel


def sources(gpt2: TinyModel, gpt1: TinyModel) -> list[Source]:
    by_name = {task.name: task for task in TASKS}
    return [
        *(gradients.source(model, task) for model in (gpt2, gpt1) for task in TASKS),
        gradients.accumulated(gpt2, by_name["classification"], micro_batches=[[2, 3, 4, 5], [0, 1]]),
        *(steps.source(gpt2, task) for task in TASKS if task.name != "score"),
        steps.source(gpt1, by_name["classification"]),
    ]
