"""Directories that gptorch saves, opened by transformers' own classes."""

import json
import subprocess
import tempfile
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoModelForCausalLM, GPT2LMHeadModel, OpenAIGPTLMHeadModel

import harness

CLASSES = {"gpt2": GPT2LMHeadModel, "openai-gpt": OpenAIGPTLMHeadModel}
# Of the largest logit, between float32 here and there.
TOLERANCE = 1e-5


def checks() -> list[harness.Check]:
    folder = tempfile.TemporaryDirectory()
    subprocess.run(["node", Path(__file__).with_name("save_models.mjs"), folder.name], check=True)
    directories = sorted(Path(folder.name).iterdir())
    assert directories, "no model was saved"
    what = {"gives equal logits": _equal, "comes back": _returns, "is plain safetensors": _plain}
    what8 = {"is refused, not misread": _refused, "is integers and scales": _integers}
    # `folder` lives as long as the checks do.
    return [
        (f"checkpoint: {directory.name} {name}", lambda check=check, directory=directory, _=folder: check(directory))
        for directory in directories
        for name, check in (what8 if directory.name.endswith("int8") else what).items()
    ]


def _equal(directory: Path) -> None:
    model_type = json.loads((directory / "config.json").read_text("utf-8"))["model_type"]
    model, info = CLASSES[model_type].from_pretrained(
        directory, dtype=torch.float32, output_loading_info=True
    )
    assert isinstance(AutoModelForCausalLM.from_pretrained(directory), CLASSES[model_type])
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), info
    expected = load_file(directory / "expected.safetensors")
    _close(_logits(model, expected["tokens"]), expected["logits"], TOLERANCE)


def _returns(directory: Path) -> None:
    """What transformers saves of it has the same tensors and the same configuration."""
    model = AutoModelForCausalLM.from_pretrained(directory)
    with tempfile.TemporaryDirectory() as other:
        model.save_pretrained(other)
        ours, theirs = (load_file(Path(each) / "model.safetensors") for each in (directory, other))
        configs = [json.loads((Path(each) / "config.json").read_text("utf-8")) for each in (directory, other)]
    assert ours.keys() == theirs.keys(), ours.keys() ^ theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert {name: configs[1].get(name) for name in configs[0]} == configs[0], configs


def _plain(directory: Path) -> None:
    with safe_open(directory / "model.safetensors", framework="pt") as file:
        assert file.metadata()["format"] == "pt", file.metadata()
        assert file.metadata()["checksum.tensors"].startswith("xxh64:"), file.metadata()
    expected = load_file(directory / "expected.safetensors")
    assert expected["half"].dtype == torch.float16 and expected["brain"].dtype == torch.bfloat16
    assert torch.equal(expected["half"], expected["logits"].half())
    assert torch.equal(expected["brain"], expected["logits"].bfloat16())


def _refused(directory: Path) -> None:
    """Read as if they were weights, the integers would give nonsense in silence."""
    try:
        AutoModelForCausalLM.from_pretrained(directory)
    except ValueError as error:
        assert "gptorch" in str(error), error
        return
    raise AssertionError("transformers opened int8 weights")


def _integers(directory: Path) -> None:
    """Put together by hand, in a directory of float32, transformers has the logits that gptorch has."""
    tensors = load_file(directory / "model.safetensors")
    scales = {name: tensors.pop(name) for name in list(tensors) if name.endswith("_scale")}
    assert scales.keys() == {f"{name}_scale" for name, tensor in tensors.items() if tensor.dtype == torch.int8}
    for name, scale in scales.items():
        weight = name.removesuffix("_scale")
        rows = weight.endswith(("wte.weight", "tokens_embed.weight"))
        tensors[weight] = tensors[weight].float() * (scale[:, None] if rows else scale)
    plain = directory.with_name(directory.name.removesuffix("_int8"))
    model = AutoModelForCausalLM.from_pretrained(plain, dtype=torch.float32)
    left = model.load_state_dict(tensors, strict=False)
    assert not left.unexpected_keys and set(left.missing_keys) <= {"lm_head.weight"}, left
    expected = load_file(directory / "expected.safetensors")
    _close(_logits(model, expected["tokens"]), expected["logits"], TOLERANCE)


def _logits(model: torch.nn.Module, tokens: Tensor) -> Tensor:
    with torch.no_grad():
        return model.eval()(tokens).logits


def _close(got: Tensor, expected: Tensor, tolerance: float) -> None:
    assert got.shape == expected.shape, f"{got.shape}, not {expected.shape}"
    error = float((got - expected).abs().max() / expected.abs().max())
    assert error <= tolerance, f"max|a-b| / max|b| = {error:.2g}, allowed {tolerance:.0e}"
