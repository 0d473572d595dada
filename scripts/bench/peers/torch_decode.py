"""PyTorch's turn at generating on a device, with keys and values kept in place: eager, or with a compiled decode step.
scripts/bench/peer.mjs has the protocol.

    python torch_decode.py FOLDER eager|compiled
"""

import json
import sys
import time
from pathlib import Path

import torch
from plain_gpt import GPT
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F


class CachedBlock(nn.Module):
    """A block of plain_gpt that keeps keys and values, of a fixed batch and length."""

    def __init__(self, block: nn.Module, batch: int, length: int):
        super().__init__()
        self.block = block
        weight = block.attn.c_attn.weight
        shape = (batch, block.attn.heads, length, weight.size(1) // block.attn.heads)
        self.register_buffer("keys", torch.zeros(shape, dtype=weight.dtype, device=weight.device))
        self.register_buffer("values", torch.zeros(shape, dtype=weight.dtype, device=weight.device))

    def forward(self, x: Tensor, positions: Tensor, mask: Tensor) -> Tensor:  # (B, T, width), (T), (T, length)
        return self.feed_forward(x + self.attention(self.block.ln_1(x), positions, mask))

    def attention(self, x: Tensor, positions: Tensor, mask: Tensor) -> Tensor:
        attention = self.block.attn
        batch, length, width = x.shape
        q, k, v = attention.c_attn(x).split(width, dim=2)
        q, k, v = (t.view(batch, length, attention.heads, -1).transpose(1, 2) for t in (q, k, v))
        self.keys[:, :, positions] = k
        self.values[:, :, positions] = v
        y = F.scaled_dot_product_attention(q, self.keys, self.values, attn_mask=mask)  # (B, heads, T, headWidth)
        return attention.c_proj(y.transpose(1, 2).contiguous().view(batch, length, width))

    def feed_forward(self, x: Tensor) -> Tensor:
        return x + self.block.mlp(self.block.ln_2(x))


class CachedGPT(nn.Module):
    def __init__(self, model: GPT, batch: int, length: int):
        super().__init__()
        self.model = model
        self.blocks = nn.ModuleList(CachedBlock(block, batch, length) for block in model.h)
        causal = torch.ones((length, length), dtype=torch.bool, device=model.wte.weight.device).tril()
        self.register_buffer("causal", causal)

    def forward(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """(B, T) token ids at places (T) to the most probable next ones: (B, 1)."""
        x = self.model.wte(tokens) + self.model.wpe(positions)
        mask = self.causal[positions]
        for block in self.blocks:
            x = block(x, positions, mask)
        return F.linear(self.model.ln_f(x[:, -1:]), self.model.wte.weight).argmax(-1)


def main(folder: Path, mode: str) -> None:
    workload = json.loads((folder / "workload.json").read_text("utf-8"))
    torch.set_num_threads(workload["threads"])
    device, new_tokens = torch.device(workload["device"]), workload["newTokens"]
    prompts = torch.tensor(workload["prompts"])
    model = GPT(workload["config"])
    model.load(load_file(folder / "model" / "model.safetensors"))
    model.eval().to(device, getattr(torch, workload["dtype"]))
    cached: dict[int, tuple] = {}

    def ready(batch: int) -> tuple:
        if batch not in cached:
            whole = CachedGPT(model, batch, prompts.size(1) + new_tokens)
            step = torch.compile(whole, mode="reduce-overhead", fullgraph=True) if mode == "compiled" else whole
            cached[batch] = whole, step
        return cached[batch]

    def generate(first: int, requests: int) -> dict:
        prefill, step = ready(requests)
        ids = prompts[first : first + requests].to(device)
        places = torch.arange(prompts.size(1) + new_tokens, device=device)
        wait(device)
        started = time.perf_counter()
        made = [prefill(ids, places[: ids.size(1)])]
        wait(device)
        first_seconds = time.perf_counter() - started
        # Nothing is read before the end.
        for place in range(ids.size(1), len(places) - 1):
            torch.compiler.cudagraph_mark_step_begin()
            made.append(step(made[-1], places[place : place + 1]).clone())
        wait(device)
        seconds = time.perf_counter() - started
        return {"firstSeconds": first_seconds, "seconds": seconds, "tokens": torch.cat(made, 1)[0].tolist()}

    say({"version": torch.__version__, "threads": torch.get_num_threads()})
    with torch.inference_mode() if mode == "eager" else torch.no_grad():
        for line in sys.stdin:
            say(generate(**json.loads(line)))


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def say(answer: dict) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
