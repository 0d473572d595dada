"""FOLDER/model to FOLDER/q8_0.gguf, for llama.cpp, with a vocabulary of made-up pieces of text.

    python write_gguf.py FOLDER
"""

import json
import sys
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType, quants
from safetensors.numpy import load_file

NORMS = {"ln_1": "attn_norm", "ln_2": "ffn_norm"}
PRODUCTS = {"attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down"}


def main(folder: Path) -> None:
    config = json.loads((folder / "model" / "config.json").read_text("utf-8"))
    tensors = load_file(folder / "model" / "model.safetensors")
    writer = gguf.GGUFWriter(folder / "q8_0.gguf", "gpt2")
    writer.add_block_count(config["n_layer"])
    writer.add_context_length(config["n_positions"])
    writer.add_embedding_length(config["n_embd"])
    writer.add_feed_forward_length(config["n_inner"] or 4 * config["n_embd"])
    writer.add_head_count(config["n_head"])
    writer.add_layer_norm_eps(config["layer_norm_epsilon"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    add_vocabulary(writer, config["vocab_size"])

    def plain(name: str, source: str) -> None:
        writer.add_tensor(name, np.ascontiguousarray(tensors[f"transformer.{source}"]))

    def quantized(name: str, matrix: np.ndarray) -> None:
        kind = GGMLQuantizationType.Q8_0
        writer.add_tensor(name, quants.quantize(np.ascontiguousarray(matrix), kind), raw_dtype=kind)

    quantized("token_embd.weight", tensors["transformer.wte.weight"])
    plain("position_embd.weight", "wpe.weight")
    for layer in range(config["n_layer"]):
        for theirs, ours in NORMS.items():
            for part in ("weight", "bias"):
                plain(f"blk.{layer}.{ours}.{part}", f"h.{layer}.{theirs}.{part}")
        for theirs, ours in PRODUCTS.items():
            quantized(f"blk.{layer}.{ours}.weight", tensors[f"transformer.h.{layer}.{theirs}.weight"].T)
            plain(f"blk.{layer}.{ours}.bias", f"h.{layer}.{theirs}.bias")
    plain("output_norm.weight", "ln_f.weight")
    plain("output_norm.bias", "ln_f.bias")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_vocabulary(writer: gguf.GGUFWriter, size: int) -> None:
    """Byte-level BPE of 256 characters, pairs of them, and an end of text."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    characters = [chr(byte) for byte in printable] + [chr(256 + i) for i in range(256 - len(printable))]
    pairs = [(a, b) for a in characters for b in characters][: size - 257]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(characters + [a + b for a, b in pairs] + ["<|endoftext|>"])
    writer.add_token_types([1] * (size - 1) + [3])
    writer.add_token_merges([f"{a} {b}" for a, b in pairs])
    writer.add_bos_token_id(size - 1)
    writer.add_eos_token_id(size - 1)
    writer.add_add_bos_token(False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
