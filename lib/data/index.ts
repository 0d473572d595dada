/** Text to batches: tokenizers, files of tokens, windows and dialogues to train on, and what counting alone predicts. */

// Baselines
export {
  type BaselineScore,
  type BaselineScores,
  CountBaselines,
  type TargetSequence,
  textSequence,
} from './baselines.js';
export { chunk } from './batches-by-length.js';
// Tokenizers
export { END_OF_TEXT } from './byte-level.js';
export {
  CHAT_SPECIAL_TOKENS,
  CharTokenizer,
  type CharTokenizerOptions,
  type CharVocabularyOptions,
  UnknownCharacterError,
} from './char-tokenizer.js';
// Datasets
export { type Dataset, mapDataset, splitDataset } from './dataset.js';
// Dialogues
export * from './dialogues/index.js';
// Windows of a text's tokens
export { type EvaluationWindowsOptions, evaluationWindows } from './evaluation-windows.js';
// Text
export { type JsonLine, readJsonLines } from './json-lines.js';
export { hasTokenizer, loadTokenizer } from './load-tokenizer.js';
export { encodePlain, plainParts } from './plain-text.js';
export { type PreparedTokens, type PrepareOptions, prepareTokens } from './prepare-tokens.js';
export { Random, type RandomState } from './random.js';
export { readText, readTextChunks } from './read-text.js';
// Tokenizers
export { SubwordTokenizer } from './subword-tokenizer.js';
export { addTaskTokens, TASK_TOKENS, type TaskTokens } from './task-tokens.js';
// Tasks
export * from './tasks/index.js';
export { checkTokenFile, readTokenFileInfo, readTokens, type TokenArray, type TokenFileInfo } from './token-file.js';
export { checkTokenizerFits, decodeKnown, type Tokenizer, tokenizerFingerprint } from './tokenizer.js';
export { type BpeTrainingOptions, trainBpeTokenizer } from './train-bpe.js';
export { readWindows, TokenWindows, type TokenWindowsOptions, type WindowBatch, type WindowSource } from './windows.js';
export { readWordIds, writeWordIds } from './word-ids.js';
