"""PyTorch's DistributedDataParallel over gloo. scripts/bench/peer.mjs has the protocol, which rank 0 speaks; it starts the
other ranks with the variables that torchrun sets, and hands each task on to them.

    python torch_ranks.py FOLDER PROCESSES
"""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from plain_gpt import GPT
from safetensors.torch import load_file
from torch.nn.parallel import DistributedDataParallel
from torch_train import make_optimizer


def main(folder: Path, size: int) -> None:
    rank = int(os.environ.get("RANK", "0"))
    others = [] if rank else start_others(size)
    workload = json.loads((folder / "workload.json").read_text("utf-8"))
    torch.set_num_threads(workload["threads"] // size)
    dist.init_process_group("gloo", rank=rank, world_size=size)
    config, batch = workload["config"], workload["batch"]
    model = GPT(config)
    model.load(load_file(folder / "model" / "model.safetensors"))
    parallel = DistributedDataParallel(model)
    optimizer = make_optimizer(model, workload["optimizer"])
    parameters = list(model.parameters())
    shape = (workload["batches"], 2, batch, config["contextLength"])
    tokens = torch.from_numpy(np.fromfile(folder / "tokens.bin", dtype=np.int64).reshape(shape))
    rows = slice(rank * batch // size, (rank + 1) * batch // size)
    done = 0

    def train_step(index: int) -> torch.Tensor:
        inputs, targets = tokens[index % len(tokens), :, rows]
        loss = parallel(inputs, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, workload["clip"])
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    def say(answer: dict) -> None:
        if rank == 0:
            print(json.dumps(answer), flush=True)

    capability = torch.backends.cpu.get_cpu_capability()
    say({"version": torch.__version__, "instructionSet": capability, "threads": torch.get_num_threads() * size})
    for line in sys.stdin:
        for other in others:
            other.stdin.write(line)
            other.stdin.flush()
        steps = json.loads(line)["steps"]
        started = time.perf_counter()
        losses = torch.stack([train_step(done + step) for step in range(steps)])
        seconds = time.perf_counter() - started
        done += steps
        dist.all_reduce(losses)
        say({"seconds": seconds, "losses": (losses / size).tolist()})
    for other in others:
        other.stdin.close()
    dist.destroy_process_group()


def start_others(size: int) -> list[subprocess.Popen]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), WORLD_SIZE=str(size))
    command = [sys.executable, *sys.argv]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "text": True}
    return [subprocess.Popen(command, env={**os.environ, "RANK": str(rank)}, **pipes) for rank in range(1, size)]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
