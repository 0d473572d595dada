"""What text has that tokenizers get wrong, and text to train small vocabularies on."""

TEXTS: dict[str, str] = {
    "empty": "",
    "white space": " \n\n \t  a\n b  \n   \u000b\u000c ",
    "line ends": "one\r\ntwo\r\n\r\n three\rfour\n\n",
    "tabs": "\tif x:\n\t\treturn\t1\n",
    "NUL and controls": "a\u0000b\u0007c\u001bd\u007fe\u0000\u0000",
    "Chinese": "你好，世界！　全角空格\n今天天气不错。我们去公园吧？",
    "Chinese beyond 16 bits": "𠮷野家 𪚥 \U0002f81a 㐂 龥 鿿 豈",
    "Japanese and Korean": "ひらがな カタカナ が か\u3099 한국어 \u1112\u1161\u11ab",
    "emoji": "👩‍👩‍👧‍👦 🇨🇳🇩🇪 ❤️ 👍🏽 🙂🙂🙂 1️⃣ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🧑🏿‍🚀",
    "composed": "é ñ Å ș ộ ﬁ ½ ² Ⅷ ① ㎏ ｆｕｌｌ",
    "decomposed": "e\u0301 n\u0303 A\u030a s\u0326 o\u0323\u0302",
    "combining marks": "Z\u0351\u0351\u0351a\u0300l\u0489go ก็ हिन्दी தமிழ்",
    "case": "ΟΔΥΣΣΕΥΣ ΣΑΣ İstanbul ıI ẞß ǅ ΐ Ǆ ŉ",
    "right to left": "שָׁלוֹם עולם مرحبا بِالعالم \u202eabc\u202c 123",
    "contractions": "I'm you're we'll they'd it's don't I've I'M 'Tis O'Neil ''s ’s",
    "numbers": "3.14 1,000,000 -7 1e-5 0x1F ٣٤ 𝟘𝟙 ½ 2024-02-29",
    "signs": 'x²≠½ $5 50% a_b-c/d\\e "q" <tag> & # @ ^ ~ `|`',
    "URL": "https://example.org/a/b?c=d&e=%20f#g mailto:x@y.z",
    "code": "def f(x: int) -> str:\n    return f\"{x!r}\"  # ok\n\nfor (let i = 0; i<n; ++i) { a[i] += b; }",
    "JSON": '{"a": [1, 2, "\\u4f60"], "__proto__": null} constructor toString',
    "odd spaces": "a\u00a0b\u2003c\u200bd\u2028e\u0085f\u3000g\u1680h\u180ei!\u0085!\u00ad",
    "byte order mark": "\ufeffa\ufeffb \ufeff!\ufeff?",
    "high code points": "\ufffd \uffff \ufdd0 \U0010ffff \ue000 \U000f0000 𝒳𝒴 𝄞",
    "Latin-1": "".join(map(chr, range(256))),
    "long run of letters": "a" * 1000,
    "long run of pairs": "ab" * 700,
    "long run of spaces": "x" + " " * 500 + "y",
    "long run of Chinese": "好" * 200,
    "word of 101 letters": "the" + "n" * 98 + " " + "n" * 100,
    "spaces before marks": "do n't , no . 'm ! ? it 's",
    "metaspace": "a▁b ▁ ▁▁c",
    "special tokens": "a<|endoftext|>b <|endoftext|> <unk>c<unk><unk> [UNK] <s> </s><|endoftext",
    "task tokens": "<|start|>a b<|delimiter|> c<|extract|><|start|",
    "chat tokens": "你好<sep>再见<pad> <sep",
    "markers": "low</w> ##low Ġlow <0x41>",
}

TRAINING = """\
The quick brown fox jumps over the lazy dog. The dog doesn't mind; it's asleep, and they're all glad of that.
I've seen 3 foxes and 14 dogs in 2024, they'd say, but we'll never know how many there were: 100, 1000, 12345?
def greet(name: str) -> str:
    return "hello, " + name  # the same for everyone

for (let i = 0; i < 10; i++) { console.log(i); }
See https://example.org/path?query=value#fragment or write to someone@example.org; the lowest lower low newest new.
你好，世界！今天天气很好，我们去公园吧。好的，我们走吧。你今天好吗？我很好，谢谢你。
天气不错，公园里有很多人。人们在公园里跑步，也有人在看书。
Les élèves français étaient déjà à l'école; où est-il? Größe, Übung, naïve, señor, Åse.
Привет, мир! Сегодня хорошая погода. Как дела? Всё хорошо, спасибо.
שלום עולם. مرحبا بالعالم. नमस्ते दुनिया। 안녕하세요 세계. こんにちは世界。
Ο κόσμος είναι μεγάλος. Καλημέρα σας, καλημέρα κόσμε.
🙂 👍 👍🏽 ❤️ 🙂🙂 👩‍👩‍👧‍👦 🇨🇳
low low low low low lower lower newest newest newest newest newest newest widest widest widest
""".splitlines(keepends=True)
