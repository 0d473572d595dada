import { z } from 'zod';
import { InputError } from '../errors.js';
import { parseOrThrow } from '../validate.js';

/** A normalizer, pre-tokenizer or decoder of `tokenizer.json`. */
export interface Component {
  readonly type: string;
  readonly [field: string]: unknown;
}

const id = z.int().min(0);
const vocabulary = z.record(z.string(), id);
const component: z.ZodType<Component> = z.looseObject({ type: z.string() });
const off = z.literal(false).default(false);

const KINDS = '"BPE", "WordPiece", "WordLevel", "Unigram"';
const bpe = z.looseObject({
  type: z.literal('BPE'),
  vocab: vocabulary,
  merges: z.array(z.union([z.string(), z.array(z.string()).length(2)])),
  unk_token: z.string().nullish(),
  // With dropout the ids would be random.
  dropout: z.literal(0).nullish(),
  continuing_subword_prefix: z.literal('').nullish(),
});
const models = z.discriminatedUnion(
  'type',
  [
    bpe,
    z.looseObject({ type: z.literal('WordPiece'), vocab: vocabulary, unk_token: z.string() }),
    z.looseObject({ type: z.literal('WordLevel'), vocab: vocabulary, unk_token: z.string() }),
    z.looseObject({
      type: z.literal('Unigram'),
      vocab: z.array(z.tuple([z.string(), z.number()])).min(1),
      unk_id: id,
      byte_fallback: off,
    }),
  ],
  KINDS,
);

const schema = z.looseObject({
  model: models,
  added_tokens: z.array(z.looseObject({ id, content: z.string().min(1), single_word: off })).default([]),
  normalizer: component.nullable().default(null),
  pre_tokenizer: component.nullable().default(null),
  decoder: component.nullable().default(null),
});

export type TokenizerJson = z.output<typeof schema>;

/**
 * Checks the content of a `tokenizer.json` of any of the four models of Hugging Face's tokenizers.
 * @throws InputError naming the field that is wrong or that gptorch cannot do as Python's tokenizers do it.
 */
export function parseTokenizerJson(json: unknown, where: string): TokenizerJson {
  const parsed = parseOrThrow(schema, json, where);
  const { model, normalizer } = parsed;
  if (componentTypes(normalizer, 'normalizers').includes('Precompiled')) {
    throw new InputError(`${where}: the normalizer is SentencePiece's Precompiled, which gptorch does not read`);
  }
  if (model.type === 'Unigram') {
    if (model.unk_id < model.vocab.length) return parsed;
    throw new InputError(`${where}: field "model.unk_id" is ${model.unk_id}; the vocabulary has ${model.vocab.length}`);
  }
  const { unk_token } = model;
  if (typeof unk_token === 'string' && !Object.hasOwn(model.vocab, unk_token)) {
    throw new InputError(`${where}: field "model.unk_token" is ${JSON.stringify(unk_token)}, not in the vocabulary`);
  }
  if (model.type === 'BPE') checkMerges(model, where);
  return parsed;
}

/** Rust refuses a file whose merges make what the vocabulary has not; `@huggingface/tokenizers` would lose the text. */
function checkMerges({ vocab, merges }: z.output<typeof bpe>, where: string): void {
  for (const [i, merge] of merges.entries()) {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge;
    const missing = [...pair, pair.join('')].find((token) => !Object.hasOwn(vocab, token));
    if (pair.length === 2 && missing === undefined) continue;
    const problem = pair.length === 2 ? `needs ${JSON.stringify(missing)}, not in the vocabulary` : 'is no pair';
    throw new InputError(`${where}: field "model.merges.${i}" is ${JSON.stringify(merge)}, which ${problem}`);
  }
}

/** Ids of the model's own entries, in no order. */
export function modelIds({ model }: TokenizerJson): number[] {
  return model.type === 'Unigram' ? [...model.vocab.keys()] : Object.values(model.vocab);
}

function componentTypes(component: Component | null, members: string): string[] {
  if (component === null) return [];
  const parts = component.type === 'Sequence' ? (component[members] as readonly Component[]) : [];
  return [component.type, ...parts.flatMap((part) => componentTypes(part, members))];
}
