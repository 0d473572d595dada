import { InputError } from '../errors.js';
import { copyTensors, type TensorFiles } from '../io/index.js';
import { noGrad, scope, type Tensor, zeros } from '../tensor/index.js';
import { OUTPUT_WEIGHT } from './parameter-shapes.js';

/**
 * Checks that files whose model ties its output to the token embedding hold no other output weights: the embedding a second
 * time, as older versions of transformers stored it, or none.
 * @param embedding (vocabSize, width), as it was read
 * @throws InputError naming file and tensor where they differ
 */
export async function checkTiedOutput(files: TensorFiles, embedding: Tensor, config: string): Promise<void> {
  const place = files.tensors.get(OUTPUT_WEIGHT);
  if (place === undefined) return;
  const { shape, device } = embedding;
  const output = zeros(shape, { device });
  try {
    await copyTensors(files, [[OUTPUT_WEIGHT, output]]);
    const differs = noGrad(() => scope(() => output.ne(embedding).to({ dtype: 'bfloat16' }).max()));
    const isSame = (await differs.item()) === 0;
    differs.dispose();
    if (isSame) return;
    throw new InputError(
      `${place.file.path}: tensor ${OUTPUT_WEIGHT} is not the token embedding, but ${config} ties them; ` +
        'say there that they are not tied (tie_word_embeddings or tiedEmbedding: false), or remove the tensor',
    );
  } finally {
    output.dispose();
  }
}
