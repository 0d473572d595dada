"""FOLDER/model to FOLDER/int8.onnx: onnxruntime's dynamic int8 quantisation, a scale per channel, of a plain GPT-2.

    python write_onnx.py FOLDER

Keys and values go in and out as tensors `past.LAYER.k`, `present.LAYER.k` … of (1, heads, T, headWidth).
"""

import sys
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor
from torch.nn import functional
from transformers import GPT2LMHeadModel


class Step(torch.nn.Module):
    def __init__(self, model: GPT2LMHeadModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, *past: Tensor) -> tuple[Tensor, ...]:
        transformer, length, before = self.model.transformer, ids.shape[1], past[0].shape[2]
        heads, width = past[0].shape[1], past[0].shape[3]
        places = torch.arange(before, before + length)
        hidden = transformer.wte(ids) + transformer.wpe(places)
        seen = torch.arange(before + length)[None, :] <= places[:, None]
        present = []
        for layer, block in enumerate(transformer.h):
            x = linear(block.ln_1(hidden), block.attn.c_attn)
            query, key, value = (
                part.view(1, -1, heads, width).transpose(1, 2) for part in x.split(heads * width, -1)
            )
            key = torch.cat([past[2 * layer], key], 2)
            value = torch.cat([past[2 * layer + 1], value], 2)
            present += [key, value]
            scores = query.matmul(key.transpose(-1, -2)) * width**-0.5
            mixed = scores.masked_fill(~seen, -1e9).softmax(-1).matmul(value).transpose(1, 2)
            hidden = hidden + linear(mixed.reshape(hidden.shape), block.attn.c_proj)
            inner = functional.gelu(linear(block.ln_2(hidden), block.mlp.c_fc), approximate="tanh")
            hidden = hidden + linear(inner, block.mlp.c_proj)
        return (self.model.lm_head(transformer.ln_f(hidden[:, -1:])), *present)


def linear(x: Tensor, layer: torch.nn.Module) -> Tensor:
    return x.matmul(layer.weight) + layer.bias


def main(folder: Path) -> None:
    model = GPT2LMHeadModel.from_pretrained(folder / "model", dtype=torch.float32, attn_implementation="eager").eval()
    config = model.config
    slots = [f"{layer}.{kind}" for layer in range(config.n_layer) for kind in "kv"]
    past = [torch.zeros(1, config.n_head, 3, config.n_embd // config.n_head) for _ in slots]
    names, outputs = [f"past.{slot}" for slot in slots], [f"present.{slot}" for slot in slots]
    axes = {"input_ids": {1: "T"}, **{name: {2: "P"} for name in names}, **{name: {2: "S"} for name in outputs}}
    with torch.no_grad():
        torch.onnx.export(
            Step(model).eval(),
            (torch.zeros(1, 5, dtype=torch.long), *past),
            folder / "float32.onnx",
            input_names=["input_ids", *names],
            output_names=["logits", *outputs],
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
    quantize_dynamic(folder / "float32.onnx", folder / "int8.onnx", weight_type=QuantType.QInt8, per_channel=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
