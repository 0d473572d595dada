"""Logits after transformers' processors, alone and in the order of its `generate`."""

import torch
from torch import Tensor
from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel
from transformers.generation.logits_process import LogitsProcessorList

from draw import Draw
from fixture import Fixture, Source
from record import stored

ROWS, VOCABULARY, SEEN = 3, 41, 9
LEAST_MARGIN = 1e-4
"""Of a kept or dropped token's probability to the border, so that rounding in float32 cannot move one across."""

# In gptorch's terms, and in transformers'.
CASES: dict[str, dict[str, float]] = {
    "temperature": {"temperature": 0.7},
    "top_k": {"topK": 5},
    "top_k_of_more_than_all": {"topK": 1000},
    "top_p": {"topP": 0.8},
    "top_p_of_the_best_alone": {"topP": 0.01},
    "min_p": {"minP": 0.1},
    "min_p_of_the_best_alone": {"minP": 1.0},
    "repetition_penalty": {"repetitionPenalty": 1.3},
    "repetition_reward": {"repetitionPenalty": 0.8},
    "all": {"temperature": 1.7, "topK": 20, "topP": 0.9, "minP": 0.05, "repetitionPenalty": 1.2},
}
NAMES = {
    "temperature": "temperature",
    "topK": "top_k",
    "topP": "top_p",
    "minP": "min_p",
    "repetitionPenalty": "repetition_penalty",
}


def sources() -> list[Source]:
    return [_source(case, options) for case, options in CASES.items()]


def _source(case: str, options: dict[str, float]) -> Source:
    name = f"sampling/{case}"
    draw = Draw(name)
    logits = draw.normal(ROWS, VOCABULARY, std=3.0)
    seen = draw.tokens(ROWS, SEEN, below=VOCABULARY)
    processors = _processors(options)

    def make(dtype: torch.dtype) -> Fixture:
        scores = processors(seen, logits.to(dtype))
        # Without infinities, which a tolerance cannot hold: 1 where a token is kept.
        kept = scores.isfinite()
        _check_margin(name, processors, seen, logits, kept)
        manifest = {
            "reference": "transformers " + ", ".join(type(processor).__name__ for processor in processors),
            "config": options,
            "kept": "1 where the token stays; filtered is 0 where it does not",
        }
        tensors = {
            "inputs/logits": logits,
            "inputs/seen": seen,
            "outputs/kept": kept.long(),
            "outputs/filtered": scores.where(kept, 0),
        }
        return Fixture(name, manifest, {key: stored(value) for key, value in tensors.items()})

    return Source(name, make)


def _processors(options: dict[str, float]) -> LogitsProcessorList:
    """Which there are, and in which order, is for `generate` of any of transformers' models to say."""
    tiny = {"n_positions": 8, "n_embd": 4, "n_layer": 1, "n_head": 1, "bos_token_id": 0, "eos_token_id": 0}
    model = GPT2LMHeadModel(GPT2Config(vocab_size=VOCABULARY, **tiny))
    named = {NAMES[name]: value for name, value in options.items()}
    config, _ = model._prepare_generation_config(GenerationConfig(do_sample=True, **{"top_k": 0, **named}))
    return model._get_logits_processor(config, input_ids_seq_length=SEEN)


def _check_margin(
    name: str, processors: LogitsProcessorList, seen: Tensor, logits: Tensor, kept: Tensor
) -> None:
    """A little more or less of every logit must not change which tokens are kept."""
    noise = LEAST_MARGIN * Draw(f"{name} noise").normal(*logits.shape)
    if not torch.equal(processors(seen, logits.double() + noise).isfinite(), kept):
        raise AssertionError(f"{name}: a token is too close to the border; draw other logits")
