"""The tiny models: one of each form that gptorch has to read, in model directories as their owners write them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel, OpenAIGPTConfig, OpenAIGPTLMHeadModel

from case import Tensors
from cases.attention import explicit_mask
from draw import Draw
from fixture import write_json
from modules import call, draw_parameters
from plain.config import Config
from plain.gpt import GPT

NO_DROPOUT = {"embd_pdrop": 0.0, "attn_pdrop": 0.0, "resid_pdrop": 0.0}
# Beyond Config, what gptorch's configuration files hold.
OWN_FIELDS = {"embeddingDropout": 0.0, "attentionDropout": 0.0, "residualDropout": 0.0, "initStd": 0.02}


@dataclass(frozen=True)
class TinyModel:
    name: str
    reference: str
    config: Config
    parameters: Tensors
    logits: Callable[[Tensors, Tensor], Tensor]
    """(parameters, tokens (B, T)) to (B, T, vocabulary), in the parameters' float type."""
    save: Callable[[Path], None]
    states: Callable[[Tensors, Tensor], tuple[Tensor, Tensor]] | None = None
    """As logits, but to (hidden states (B, T, width), logits): those of transformers' classes alone."""

    @property
    def directory(self) -> str:
        return f"models/{self.name}"

    def parameters_in(self, dtype: torch.dtype) -> Tensors:
        return {name: value.to(dtype) for name, value in self.parameters.items()}


def tiny_models() -> list[TinyModel]:
    return [gpt2(), gpt1(), chat(), gpt2_window()]


def gpt2() -> TinyModel:
    config = Config(61, 40, layers=2, heads=4, width=20, feedForwardWidth=80, headWidth=5)
    model = _gpt2_module(config)
    parameters = _fill(model, "gpt2")
    reference = "transformers GPT2LMHeadModel"

    def logits(parameters: Tensors, tokens: Tensor) -> Tensor:
        return call(model, parameters, tokens, use_cache=False).logits

    save, states = model.save_pretrained, _states(model)
    return TinyModel("gpt2", reference, config, parameters, logits, save, states)


def gpt1() -> TinyModel:
    config = Config(53, 40, layers=2, heads=3, width=12, feedForwardWidth=48, headWidth=4, normPosition="post")
    model = OpenAIGPTLMHeadModel(
        OpenAIGPTConfig(
            vocab_size=config.vocabSize,
            n_positions=config.contextLength,
            n_embd=config.width,
            n_layer=config.layers,
            n_head=config.heads,
            **NO_DROPOUT,
        )
    )
    parameters = _fill(model, "gpt1")
    reference = "transformers OpenAIGPTLMHeadModel (its afn 'gelu' is the tanh form)"

    def logits(parameters: Tensors, tokens: Tensor) -> Tensor:
        return call(model, parameters, tokens).logits

    save, states = model.save_pretrained, _states(model)
    return TinyModel("gpt1", reference, config, parameters, logits, save, states)


def chat() -> TinyModel:
    """The chat recipe in small: post-LN, ReLU, no biases, inner width 16 at width 20, untied output."""
    config = Config(
        vocabSize=47,
        contextLength=40,
        layers=2,
        heads=2,
        width=20,
        feedForwardWidth=28,
        headWidth=8,
        normPosition="post",
        activation="relu",
        tiedEmbedding=False,
        bias=False,
    )
    model = GPT(config)
    parameters = _fill(model, "chat")

    def logits(parameters: Tensors, tokens: Tensor) -> Tensor:
        return call(model, parameters, tokens)

    def save(folder: Path) -> None:
        _save_own(folder, config, parameters)

    return TinyModel("chat", "plain PyTorch (scripts/reference/plain/gpt.py)", config, parameters, logits, save)


def gpt2_window() -> TinyModel:
    """GPT-2 with window 3. Through two layers a position sees five back, so masks that do not stack are noticed."""
    config = Config(
        61, 40, layers=2, heads=4, width=20, feedForwardWidth=80, headWidth=5, attentionWindow=3
    )
    model = _gpt2_module(config)
    parameters = _fill(model, "gpt2_window")

    def logits(parameters: Tensors, tokens: Tensor) -> Tensor:
        dtype = parameters["transformer.wte.weight"].dtype
        mask = explicit_mask(tokens.shape[1], config.attentionWindow, dtype)
        mask = mask.expand(tokens.shape[0], -1, -1, -1)
        return call(model, parameters, tokens, attention_mask=mask, use_cache=False).logits

    def save(folder: Path) -> None:
        _save_own(folder, config, parameters)

    reference = "transformers GPT2LMHeadModel with an explicit additive mask (B, 1, T, T)"
    return TinyModel("gpt2_window", reference, config, parameters, logits, save)


def _gpt2_module(config: Config) -> GPT2LMHeadModel:
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=config.vocabSize,
            n_positions=config.contextLength,
            n_embd=config.width,
            n_layer=config.layers,
            n_head=config.heads,
            bos_token_id=0,
            eos_token_id=0,
            attn_implementation="eager",
            **NO_DROPOUT,
        )
    )


def _states(model: nn.Module) -> Callable[[Tensors, Tensor], tuple[Tensor, Tensor]]:
    """The last of transformers' hidden states is what the output layer gets: after ln_f where there is one."""

    def states(parameters: Tensors, tokens: Tensor) -> tuple[Tensor, Tensor]:
        output = call(model, parameters, tokens, output_hidden_states=True)
        return output.hidden_states[-1], output.logits

    return states


def _fill(model: nn.Module, name: str) -> Tensors:
    """Draws the parameters and puts them into the model, for saving."""
    parameters = draw_parameters(model, Draw(name))
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            parameter.copy_(parameters[key])
    return parameters


def _save_own(folder: Path, config: Config, parameters: Tensors) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    fields = {key: value for key, value in asdict(config).items() if value is not None}
    write_json(folder / "config.json", {"model_type": "gptorch", **fields, **OWN_FIELDS})
    save_file(parameters, folder / "model.safetensors", metadata={"format": "pt"})
