"""PyTorch's training loop, eager or compiled. scripts/bench/peer.mjs has the protocol.

    python torch_train.py FOLDER eager|compiled
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from plain_gpt import GPT
from safetensors.torch import load_file


def main(folder: Path, mode: str) -> None:
    workload = json.loads((folder / "workload.json").read_text("utf-8"))
    torch.set_num_threads(workload["threads"])
    config, device = workload["config"], torch.device(workload["device"])
    model = GPT(config)
    model.load(load_file(folder / "model" / "model.safetensors"))
    model.to(device)
    optimizer = make_optimizer(model, workload["optimizer"])
    parameters = list(model.parameters())
    forward = torch.compile(model) if mode == "compiled" else model
    shape = (workload["batches"], 2, workload["batch"], config["contextLength"])
    tokens = torch.from_numpy(np.fromfile(folder / "tokens.bin", dtype=np.int64).reshape(shape))
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=workload["dtype"] == "bfloat16")
    done = 0

    def train_step(index: int) -> torch.Tensor:
        batch = tokens[index % len(tokens)]
        inputs, targets = batch if device.type == "cpu" else batch.pin_memory().to(device, non_blocking=True)
        with autocast:
            loss = forward(inputs, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, workload["clip"])
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    say(
        {
            "version": torch.__version__,
            "instructionSet": torch.backends.cpu.get_cpu_capability(),
            "threads": torch.get_num_threads(),
        }
    )
    for line in sys.stdin:
        steps = json.loads(line)["steps"]
        cpu, started = time.process_time(), time.perf_counter()
        losses = [train_step(done + step) for step in range(steps)]
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
        done += steps
        say({"seconds": seconds, "cpuSeconds": cpu_seconds, "losses": [loss.item() for loss in losses]})


def make_optimizer(model: GPT, settings: dict) -> torch.optim.AdamW:
    matrices = [parameter for parameter in model.parameters() if parameter.dim() >= 2]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    groups = [
        {"params": matrices, "weight_decay": settings["weightDecay"]},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings["lr"], betas=settings["betas"], eps=settings["eps"], fused=True)


def say(answer: dict) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
