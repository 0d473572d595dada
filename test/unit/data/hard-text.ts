/** What text has that tokenizers get wrong. */
export const HARD_TEXTS: Record<string, string> = {
  empty: '',
  'white space': ' \n\n \t  a\n b  \n   ',
  'line ends': 'one\r\ntwo\r\n\r\n three\rfour\n',
  Chinese: '你好，世界！　全角空格\n今天天气不错。',
  emoji: '👩‍👩‍👧‍👦 🇨🇳 ❤️ 👍🏽 🙂🙂🙂 1️⃣',
  'beyond 16 bits': '𝒳𝒴 𠮷野家 𝄞',
  'combining marks': 'e\u0301 é n\u0303 Z\u0351\u0351\u0351algo ก็ हिन्दी',
  'right to left': 'שלום עולם مرحبا بالعالم',
  contractions: "I'm you're we'll they'd it's don't I've 'Tis O'Neil ''s",
  'numbers and signs': '3.14 1,000,000 x²≠½ $5 50% a_b-c/d\\e "q" <tag>',
  'odd spaces': 'a\u00a0b\u2003c\u200bd\u2028e\u0085f\u3000g\u1680h\u180ei!\u0085!',
  'byte order mark inside': 'a\ufeffb \ufeff!\ufeff?',
  'control characters': 'a\u0000b\u0007c\u001bd\u007fe',
  'replacement character': 'a\ufffdb \uffff \u{10ffff}',
  'a long word': 'ab'.repeat(3000),
  'JSON and templates': '{"a": [1, 2, "\\u4f60"]} {{x}} $y __proto__ constructor toString',
};
