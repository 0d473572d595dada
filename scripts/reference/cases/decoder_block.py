"""Decoder blocks, pre-LN and post-LN."""

from dataclasses import asdict

import torch
from transformers import GPT2Config, OpenAIGPTConfig
from transformers.models.gpt2.modeling_gpt2 import GPT2Block
from transformers.models.openai.modeling_openai import Block

from case import Case, Run, Tensors
from cases.attention import explicit_mask
from draw import Draw
from modules import call, draw_parameters
from plain.config import Config
from plain.gpt import DecoderBlock


def cases() -> list[Case]:
    return [
        _gpt2("decoder_block_pre", batch=2, length=7, width=12, heads=3),
        _gpt2("decoder_block_pre_length_one", batch=1, length=1, width=20, heads=4),
        _gpt2("decoder_block_pre_window", batch=1, length=9, width=12, heads=3, window=4),
        _gpt1("decoder_block_post", batch=2, length=7, width=12, heads=3),
        _gpt1("decoder_block_post_one_head", batch=1, length=4, width=20, heads=1),
        _plain("decoder_block_post_chat", batch=2, length=6, norm="post"),
        _plain("decoder_block_pre_no_bias", batch=2, length=6, norm="pre"),
    ]


def _gpt2(name: str, batch: int, length: int, width: int, heads: int, window: int | None = None) -> Case:
    module = GPT2Block(GPT2Config(n_embd=width, n_head=heads, attn_implementation="eager"), layer_idx=0)

    def run(inputs: Tensors, parameters: Tensors) -> Tensors:
        hidden = inputs["hidden"]
        mask = explicit_mask(length, window, hidden.dtype)
        return {"hidden": call(module, parameters, hidden, attention_mask=mask)}

    return _case(name, "transformers GPT2Block", _config(width, heads, "pre", window), (batch, length), module, run)


def _gpt1(name: str, batch: int, length: int, width: int, heads: int) -> Case:
    # OpenAIGPTModel builds its blocks with scale=True: scores are divided by √headWidth.
    module = Block(length, OpenAIGPTConfig(n_embd=width, n_head=heads), scale=True)

    def run(inputs: Tensors, parameters: Tensors) -> Tensors:
        return {"hidden": call(module, parameters, inputs["hidden"])[0]}

    config = _config(width, heads, "post", None)
    return _case(name, "transformers OpenAI GPT Block", config, (batch, length), module, run)


def _plain(name: str, batch: int, length: int, norm: str) -> Case:
    config = Config(
        vocabSize=1,
        contextLength=length,
        layers=1,
        heads=2,
        width=20,
        feedForwardWidth=28,
        headWidth=8,
        normPosition=norm,
        activation="relu",
        bias=False,
    )
    module = DecoderBlock(config)

    def run(inputs: Tensors, parameters: Tensors) -> Tensors:
        return {"hidden": call(module, parameters, inputs["hidden"])}

    reference = "plain PyTorch: bias-free linears, ReLU, inner width 16 at width 20"
    return _case(name, reference, asdict(config), (batch, length), module, run)


def _config(width: int, heads: int, norm: str, window: int | None) -> dict[str, object]:
    sizes = {"heads": heads, "width": width, "feedForwardWidth": 4 * width, "headWidth": width // heads}
    form = {"normPosition": norm, "activation": "gelu_tanh", "bias": True, "layerNormEps": 1e-5}
    return sizes | form | ({} if window is None else {"attentionWindow": window})


def _case(
    name: str,
    reference: str,
    config: dict[str, object],
    rows: tuple[int, int],
    module: torch.nn.Module,
    run: Run,
) -> Case:
    draw = Draw(name)
    model_fields = {"vocabSize", "contextLength", "layers", "tiedEmbedding"}
    return Case(
        name=f"modules/{name}",
        reference=reference,
        config={field: value for field, value in config.items() if field not in model_fields and value is not None},
        inputs={"hidden": draw.normal(*rows, config["width"])},
        parameters=draw_parameters(module, draw),
        run=run,
    )
