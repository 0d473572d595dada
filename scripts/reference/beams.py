"""Beam search by transformers' `generate`."""

import tempfile
from pathlib import Path

import torch
from torch import Tensor
from transformers import GPT2LMHeadModel, OpenAIGPTLMHeadModel

from draw import Draw
from fixture import Fixture, Source
from record import stored
from tiny_models import TinyModel

PROMPT_LENGTH, NEW_TOKENS, BEAMS = 6, 12, 4
PADDING = -1
"""Stands behind the shorter sequences in the fixture."""

# In gptorch's terms, and in transformers'.
CASES: dict[str, dict[str, object]] = {
    "plain": {"stop": False},
    "stop": {"stop": True},
    "stop_long": {"stop": True, "lengthPenalty": 2.0},
    "stop_short": {"stop": True, "lengthPenalty": -1.0},
    "stop_early": {"stop": True, "earlyStopping": True},
    "stop_never": {"stop": True, "lengthPenalty": 2.0, "earlyStopping": "never"},
}


def sources(gpt2: TinyModel, gpt1: TinyModel) -> list[Source]:
    classes = ((gpt2, GPT2LMHeadModel), (gpt1, OpenAIGPTLMHeadModel))
    return [_source(model, kind, case) for model, kind in classes for case in CASES]


def _source(tiny: TinyModel, kind: type, case: str) -> Source:
    name = f"beams/{tiny.name}_{case}"
    options = CASES[case]
    prompt = Draw(f"beams/{tiny.name}").tokens(PROMPT_LENGTH, below=tiny.config.vocabSize)

    def make(dtype: torch.dtype) -> Fixture:
        plain, _ = _search(tiny, kind, dtype, prompt, {}, None)
        # A token that plain beams hold somewhere in their middle ends some of them early.
        end = int(plain[0, NEW_TOKENS // 2]) if options["stop"] else None
        sequences, scores = _search(tiny, kind, dtype, prompt, options, end)
        config = {"beams": BEAMS, "maxNewTokens": NEW_TOKENS, **options, "stop": [] if end is None else [end]}
        manifest = {
            "reference": f"transformers {kind.__name__}.generate",
            "model": tiny.directory,
            "config": config,
            "sequences": f"without the prompt and the token that ends them; {PADDING} behind",
        }
        tensors = {"inputs/prompt": prompt, "outputs/sequences": sequences, "outputs/scores": scores}
        return Fixture(name, manifest, {key: stored(value) for key, value in tensors.items()})

    return Source(name, make)


@torch.no_grad()
def _search(
    tiny: TinyModel, kind: type, dtype: torch.dtype, prompt: Tensor, options: dict[str, object], end: int | None
) -> tuple[Tensor, Tensor]:
    with tempfile.TemporaryDirectory() as folder:
        tiny.save(Path(folder))
        model = kind.from_pretrained(folder, dtype=dtype).eval()
    model.generation_config.eos_token_id = end
    model.generation_config.pad_token_id = end
    found = model.generate(
        prompt[None],
        attention_mask=torch.ones_like(prompt[None]),
        do_sample=False,
        num_beams=BEAMS,
        num_return_sequences=BEAMS,
        max_new_tokens=NEW_TOKENS,
        length_penalty=options.get("lengthPenalty", 1.0),
        early_stopping=options.get("earlyStopping", False),
        return_dict_in_generate=True,
        output_scores=True,
    )
    made = [[int(token) for token in row[len(prompt) :]] for row in found.sequences]
    cut = [row[: row.index(end)] if end in row else row for row in made]
    padded = [row + [PADDING] * (NEW_TOKENS - len(row)) for row in cut]
    return torch.tensor(padded), found.sequences_scores
