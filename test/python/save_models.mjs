// Saves a model in each form that a class of transformers opens, with logits for a few tokens beside it.
//   node save_models.mjs folder
import { join } from 'node:path';
import { GPT, noGrad, quantize, saveSafetensors, tensor } from '../../dist/index.js';

const folder = process.argv[2];
const small = {
  ...{ vocabSize: 31, contextLength: 12, layers: 2, heads: 2, width: 8, initStd: 0.3, layerNormEps: 1e-3 },
  ...{ embeddingDropout: 0.2, attentionDropout: 0.1, residualDropout: 0.3 },
};
const forms = {
  gpt2: {},
  gpt2_gelu: { activation: 'gelu' },
  gpt2_untied_relu: { tiedEmbedding: false, activation: 'relu', feedForwardWidth: 20 },
  gpt1: { normPosition: 'post' },
  gpt1_untied_relu: { normPosition: 'post', tiedEmbedding: false, activation: 'relu' },
};
const tokens = tensor([[1, 5, 30, 0, 7, 7, 2, 19, 4, 11, 3, 8]], { dtype: 'int64' });

for (const [name, change] of Object.entries(forms)) {
  const model = new GPT({ ...small, ...change }, { seed: 7 }).eval();
  await model.save(join(folder, name));
  await saveExpected(name, model);
}
for (const name of ['gpt2', 'gpt1']) {
  for (const weights of ['bfloat16', 'int8']) {
    await quantize(join(folder, name), join(folder, `${name}_${weights}`), weights);
    await saveExpected(`${name}_${weights}`, await GPT.load(join(folder, `${name}_${weights}`)));
  }
}

async function saveExpected(name, model) {
  const logits = noGrad(() => model.forward(tokens));
  await saveSafetensors(join(folder, name, 'expected.safetensors'), [
    ['tokens', tokens],
    ['logits', logits],
    ['half', logits.to({ dtype: 'float16' })],
    ['brain', logits.to({ dtype: 'bfloat16' })],
  ]);
}
