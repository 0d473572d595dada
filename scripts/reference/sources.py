"""Everything that is written to test/fixtures/parity."""

from pathlib import Path

import tokenizers
import torch
import transformers

import beams
import generation
import sampling
import tasks
import training
from cases import (
    attention,
    cross_entropy,
    decoder_block,
    embedding,
    feed_forward,
    head,
    layer_norm,
    linear,
    whole_model,
)
from checkpoints import checkpoints
from fixture import Source, from_case, write_json
from text_tokenizers import write_tokenizers
from tiny_models import tiny_models

AREAS = (embedding, layer_norm, linear, attention, feed_forward, decoder_block, head, cross_entropy)


def all_sources() -> list[Source]:
    models = tiny_models()
    by_name = {model.name: model for model in models}
    return [
        *(from_case(case) for area in AREAS for case in area.cases()),
        *(from_case(case) for case in whole_model.cases(models)),
        *generation.sources(models),
        *beams.sources(by_name["gpt2"], by_name["gpt1"]),
        *sampling.sources(),
        training.source(by_name["gpt2"]),
        *tasks.sources(by_name["gpt2"], by_name["gpt1"]),
    ]


def write_all(folder: Path) -> None:
    for model in tiny_models():
        model.save(folder / model.directory)
    for checkpoint in checkpoints():
        checkpoint.write(folder)
    for source in all_sources():
        source.make(torch.float64).write(folder)
    write_tokenizers(folder / "tokenizers")
    versions = {
        "torch": torch.__version__.split("+")[0],
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
    }
    write_json(folder / "versions.json", {**versions, "computedIn": "float64, stored as float32"})
