"""Tokenizers of every kind on disk, with the ids and texts that Python's tokenizers and transformers give for hard text."""

import json
import math
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import GPT2Tokenizer, OpenAIGPTTokenizer

from fixture import write_json
from hard_text import TEXTS, TRAINING

END_OF_TEXT = "<|endoftext|>"
TASK_TOKENS = ["<|start|>", "<|delimiter|>", "<|extract|>"]
CHAT_TOKENS = ["<pad>", "<unk>", "<sep>"]
LONGEST_PIECE = 5
Item = TypeVar("Item", str, tuple[str, str])


def write_tokenizers(folder: Path) -> None:
    folder.mkdir(parents=True)
    write_json(folder / "texts.json", TEXTS)
    (folder / "training.txt").write_text("".join(TRAINING), encoding="utf-8")
    byte_level = _byte_level()
    _write(folder / "byte-level", byte_level)
    _write_gpt2(folder / "gpt2", byte_level)
    byte_level.add_special_tokens(TASK_TOKENS)
    _write(folder / "byte-level-task-tokens", byte_level)
    _write_gpt1(folder / "gpt1")
    _write(folder / "byte-fallback", _byte_fallback())
    _write(folder / "word-piece", _word_piece())
    _write(folder / "unigram", _unigram())
    _write(folder / "word-level", _word_level())
    _write(folder / "characters", _characters())


def _byte_level() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=599, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(TRAINING, trainer)
    tokenizer.add_special_tokens([END_OF_TEXT])
    return tokenizer


def _write_gpt2(folder: Path, tokenizer: Tokenizer) -> None:
    """vocab.json and merges.txt as in GPT-2's directory, where the special token is an entry like others."""
    model = json.loads(tokenizer.to_str())["model"]
    model["vocab"][END_OF_TEXT] = len(model["vocab"])
    _write_vocab_and_merges(folder, model["vocab"], model["merges"])
    _write_expected(folder, GPT2Tokenizer.from_pretrained(folder))


def _write_gpt1(folder: Path) -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words = [[*word[:-1], word[-1] + "</w>"] for word in _words(tokenizer)]
    characters = sorted({character for word in words for character in word})
    merges = _learn_merges(words, 250)
    entries = dict.fromkeys(["<unk>", *characters, *("".join(pair) for pair in merges)])
    _write_vocab_and_merges(folder, {entry: id for id, entry in enumerate(entries)}, merges)
    converted = OpenAIGPTTokenizer.from_pretrained(folder)
    _write_expected(folder, converted)
    converted.backend_tokenizer.save(str(folder / "converted.json"))


def _learn_merges(words: list[list[str]], count: int) -> list[tuple[str, str]]:
    """Byte-pair encoding as Sennrich et al. describe it; the library's own, with ends of words, differs run by run."""
    merges = []
    for _ in range(count):
        pairs = Counter(pair for word in words for pair in pairwise(word))
        merges.append(_by_frequency(pairs)[0][0])
        words = [_merged(word, merges[-1]) for word in words]
    return merges


def _merged(word: list[str], pair: tuple[str, str]) -> list[str]:
    result: list[str] = []
    for symbol in word:
        if result and (result[-1], symbol) == pair:
            result[-1] += symbol
        else:
            result.append(symbol)
    return result


def _byte_fallback() -> Tokenizer:
    """As Llama's: spaces become ▁, characters that are no entry become bytes."""
    lines = ["▁" + line.rstrip("\n").replace(" ", "▁") for line in TRAINING]
    pairs = [piece for piece, _ in _frequent_pieces(lines) if len(piece) == 2][:80]
    characters = sorted({character for pair in pairs for character in pair} | {"▁"})
    entries = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), *characters, *pairs]
    vocab = {entry: id for id, entry in enumerate(entries)}
    merges = [(pair[0], pair[1]) for pair in pairs]
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens(["<unk>"])
    return tokenizer


def _word_piece() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece({}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(cleanup=True)
    pieces = [piece for piece, _ in _frequent_pieces(_words(tokenizer))]
    entries = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *pieces[:250], *("##" + piece for piece in pieces[:250])]
    vocab = {entry: id for id, entry in enumerate(entries)}
    tokenizer.model = models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=100)
    tokenizer.add_special_tokens(entries[:4])
    return tokenizer


def _unigram() -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    pieces = _frequent_pieces(_words(tokenizer))[:400]
    total = sum(count for _, count in pieces)
    scored = [(piece, round(math.log(count / total) - 0.01 * len(piece), 4)) for piece, count in pieces]
    tokenizer.model = models.Unigram([("<s>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *scored], unk_id=2)
    tokenizer.add_special_tokens(["<s>", "</s>", "<unk>"])
    return tokenizer


def _word_level() -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel({}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    words = [word for word, _ in _by_frequency(Counter(_words(tokenizer)))]
    vocab = {entry: id for id, entry in enumerate(["[UNK]", *words[:150]])}
    tokenizer.model = models.WordLevel(vocab, unk_token="[UNK]")
    tokenizer.add_special_tokens(["[UNK]"])
    return tokenizer


def _characters() -> Tokenizer:
    """The chat recipe's vocabulary with the task tokens after it, in the form that gptorch's CharTokenizer saves."""
    characters = list(dict.fromkeys("".join(TRAINING)))
    vocab = {entry: id for id, entry in enumerate([*CHAT_TOKENS, *characters])}
    tokenizer = Tokenizer(models.BPE(vocab, [], unk_token="<unk>"))
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens([*CHAT_TOKENS, *TASK_TOKENS])
    return tokenizer


def _words(tokenizer: Tokenizer) -> list[str]:
    """What the tokenizer's model gets to see of the training text."""
    normalizer, pre_tokenizer = tokenizer.normalizer, tokenizer.pre_tokenizer
    lines = [normalizer.normalize_str(line) for line in TRAINING]
    return [word for line in lines for word, _ in pre_tokenizer.pre_tokenize_str(line)]


def _frequent_pieces(words: list[str]) -> list[tuple[str, int]]:
    """Parts of words, most frequent first. The library's own trainers of Unigram and WordPiece differ run by run."""
    spans = ((word, i, j) for word in words for i in range(len(word)) for j in range(i + 1, i + LONGEST_PIECE + 1))
    return _by_frequency(Counter(word[i:j] for word, i, j in spans if j <= len(word)))


def _by_frequency(counts: Counter[Item]) -> list[tuple[Item, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _write(folder: Path, tokenizer: Tokenizer) -> None:
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    expected = {}
    for name, text in TEXTS.items():
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        expected[name] = _case(ids, tokenizer.decode(ids, skip_special_tokens=False))
    write_json(folder / "expected.json", expected)


def _write_vocab_and_merges(folder: Path, vocab: dict[str, int], merges: list[tuple[str, str]]) -> None:
    folder.mkdir()
    write_json(folder / "vocab.json", vocab)
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_expected(folder: Path, tokenizer: GPT2Tokenizer | OpenAIGPTTokenizer) -> None:
    expected = {}
    for name, text in TEXTS.items():
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        expected[name] = _case(ids, tokenizer.decode(ids, clean_up_tokenization_spaces=False))
    write_json(folder / "expected.json", expected)


def _case(ids: list[int], decoded: str) -> dict[str, str]:
    return {"ids": " ".join(map(str, ids)), "decoded": decoded}
