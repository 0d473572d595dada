import { expect, it } from 'vitest';
import { chatTokenizer, dialoguePerplexity, encodeDialogues, GPT, parseDialogues } from '../../../lib/index.js';

it('a model that is measured while it is trained goes on in training mode, also where measuring fails', async () => {
  const dialogues = parseDialogues('ab\nba', 'example.txt');
  const tokenizer = chatTokenizer(dialogues);
  const dropouts = { embeddingDropout: 0.5, attentionDropout: 0.5, residualDropout: 0.5 };
  const model = new GPT({
    vocabSize: tokenizer.vocabSize,
    contextLength: 8,
    layers: 1,
    heads: 1,
    width: 8,
    ...dropouts,
  });
  const { dialogues: encoded } = encodeDialogues(dialogues, tokenizer, { contextLength: 8 });
  const measured = await dialoguePerplexity(model, tokenizer, encoded);
  expect(measured).toMatchObject({ tokens: 5 });
  expect(model.training).toBe(true);
  model.eval();
  expect(await dialoguePerplexity(model, tokenizer, encoded)).toEqual(measured); // nothing was dropped
  model.train();
  await expect(dialoguePerplexity(model, tokenizer, [])).rejects.toThrow('none of 0 dialogues has a target');
  expect(model.training).toBe(true);
  model.dispose();
});
