"""transformers' turn at generating: `generate`, greedy, with its defaults. scripts/bench/peer.mjs has the protocol.

    python transformers_generate.py FOLDER
"""

import json
import sys
import time
from pathlib import Path

import torch
import transformers
from transformers import GPT2LMHeadModel, LogitsProcessor, LogitsProcessorList


class Clock(LogitsProcessor):
    """Notes when the first token's logits are there."""

    first = None

    def __call__(self, input_ids, scores):
        self.first = self.first or time.perf_counter()
        return scores


def main(folder: Path) -> None:
    transformers.logging.set_verbosity_error()
    workload = json.loads((folder / "workload.json").read_text("utf-8"))
    torch.set_num_threads(workload["threads"])
    prompts, new_tokens = torch.tensor(workload["prompts"]), workload["newTokens"]
    models = {}

    def generate(weights: str, first: int, requests: int) -> dict:
        if weights not in models:
            model = GPT2LMHeadModel.from_pretrained(folder / "model", dtype=getattr(torch, weights)).eval()
            model.generation_config.eos_token_id = None
            model.generation_config.pad_token_id = 0
            models[weights] = model
        ids, clock = prompts[first : first + requests], Clock()
        started = time.perf_counter()
        with torch.inference_mode():
            output = models[weights].generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=new_tokens,
                do_sample=False,
                logits_processor=LogitsProcessorList([clock]),
            )
        seconds = time.perf_counter() - started
        tokens = output[0, ids.size(1) :].tolist()
        return {"firstSeconds": clock.first - started, "seconds": seconds, "tokens": tokens}

    say(
        {
            "version": transformers.__version__,
            "instructionSet": torch.backends.cpu.get_cpu_capability(),
            "threads": torch.get_num_threads(),
        }
    )
    for line in sys.stdin:
        say(generate(**json.loads(line)))


def say(answer: dict) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
