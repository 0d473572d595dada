"""PyTorch's fine-tuning: the same steps on the same batches as gptorch's plan says.

    python finetune.py --model DIR --head FILE --task TASK --plan FILE --eval FILE [--epochs N] [--lambda 0.5] …

DIR is a GPT-2 model directory in Hugging Face's format, the head a safetensors file of head.weight and head.bias. The
plan has a JSON line for each optimizer step: {"lr", "microBatches": [{"sequences": [[ids]], "group": [sequences of each
example], "labels"}]}; the evaluation file has such batches, one a line. Similarity with one output is a score.

Prints a JSON line for each epoch, and one at the end: seconds of training (without start and evaluation), and how good
the model is after the last epoch.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import torch
import transformers
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

import task_metrics
from task_batches import Batch, Examples, Step, pad, read_batches, read_plan
from task_model import TASKS, TaskModel

Sums = Callable[[Batch, bool], tuple[Tensor, Tensor | None]]


class Trainer:
    def __init__(self, model: TaskModel, options: argparse.Namespace):
        self.model, self.options = model, options
        self.parameters = list(model.parameters())
        self.optimizer = _optimizer(model, options)
        self.sums: Sums = torch.compile(model.sums, dynamic=True) if options.compile else model.sums

    def warm_up(self, steps: list[Step]) -> None:
        """Compiles before the clock runs, for a small, a middling and a large batch."""
        batches = sorted((b for step in steps for b in step.micro_batches), key=lambda batch: batch.target_count)
        state = torch.get_rng_state()
        self.model.train()
        for batch in (batches[0], batches[len(batches) // 2], batches[-1]):
            self._backward(batch, [batch])
        self.optimizer.zero_grad(set_to_none=True)
        torch.set_rng_state(state)

    def epoch(self, steps: list[Step]) -> Tensor:
        """Losses of each step (steps, 3): the whole, the task's, language modelling's (0 where λ is 0)."""
        self.model.train()
        return torch.stack([self._step(step) for step in steps])

    @torch.inference_mode()
    def evaluate(self, batches: list[Examples]) -> dict[str, float]:
        self.model.eval()
        logits = [self.model.logits(pad(batch)) for batch in batches]
        truth = torch.cat([batch.labels for batch in batches]).numpy()
        if self.model.is_score:
            return task_metrics.of_scores(torch.cat(logits)[:, 0].double().numpy(), truth.astype("float64"))
        return task_metrics.of_classes(torch.cat([row.argmax(1) for row in logits]).numpy(), truth)

    def _step(self, step: Step) -> Tensor:
        for group in self.optimizer.param_groups:
            group["lr"] = step.lr
        losses = torch.stack([self._backward(batch, step.micro_batches) for batch in step.micro_batches]).sum(0)
        clip_grad_norm_(self.parameters, self.options.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return losses

    def _backward(self, examples: Examples, step: list[Examples]) -> Tensor:
        """Each loss is divided by its own units of the whole step."""
        weight = self.options.lambda_
        task, language = self.sums(pad(examples), weight != 0)
        task = task / sum(len(batch.labels) for batch in step)
        language = task.new_zeros(()) if language is None else language / self._units(step)
        loss = task + weight * language
        loss.backward()
        return torch.stack([loss, task, language]).detach()

    def _units(self, step: list[Examples]) -> int:
        if self.options.reduction == "token":
            return sum(batch.target_count for batch in step)
        return sum(len(batch.sequences) for batch in step)


def _optimizer(model: TaskModel, options: argparse.Namespace) -> torch.optim.AdamW:
    matrices = [parameter for parameter in model.parameters() if parameter.ndim >= 2]
    vectors = [parameter for parameter in model.parameters() if parameter.ndim < 2]
    groups = [{"params": matrices, "weight_decay": options.decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=0.0, betas=tuple(options.betas), eps=options.eps, fused=True)


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--head", type=Path, required=True)
    parser.add_argument("--task", choices=TASKS, required=True)
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--eval", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=1, help="the plan's steps are that many epochs of the same size")
    parser.add_argument("--lambda", dest="lambda_", type=float, default=0.5)
    parser.add_argument("--reduction", choices=("sequence", "token"), default="sequence")
    parser.add_argument("--dropout", type=float, default=0.1, help="embeddings, attention, residuals and head")
    parser.add_argument("--clip", type=float, default=1.0)
    parser.add_argument("--decay", type=float, default=0.01)
    parser.add_argument("--betas", type=float, nargs=2, default=(0.9, 0.999))
    parser.add_argument("--eps", type=float, default=1e-8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--compile", action="store_true")
    return parser.parse_args(words)


def run(options: argparse.Namespace, say: Callable[[dict], None]) -> TaskModel:
    started = time.perf_counter()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    model = TaskModel(options.model, options.head, options.task, options.dropout, options.reduction)
    steps, batches = read_plan(options.plan, model.is_score), read_batches(options.eval, model.is_score)
    size, rest = divmod(len(steps), options.epochs)
    if size == 0 or rest:
        raise SystemExit(f"{options.plan}: {len(steps)} steps are not {options.epochs} epochs of the same size")
    trainer = Trainer(model, options)
    if options.compile:
        trainer.warm_up(steps)
    start_seconds = time.perf_counter() - started

    seconds, quality = 0.0, {}
    for epoch in range(options.epochs):
        started = time.perf_counter()
        losses = trainer.epoch(steps[epoch * size : (epoch + 1) * size])
        taken = time.perf_counter() - started
        seconds += taken
        quality = trainer.evaluate(batches)
        names = ("loss", "fineTuningLoss", "languageModelingLoss")
        means = dict(zip(names, losses.mean(0).tolist(), strict=True))
        say({"epoch": epoch + 1, **means, "seconds": taken, **quality, "stepLosses": losses[:, 0].tolist()})
    facts = {"version": torch.__version__, "threads": options.threads, "compiled": options.compile}
    say({"seconds": seconds, "startSeconds": start_seconds, **quality, **facts})
    return model


def _say(line: dict) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    run(arguments(), _say)
