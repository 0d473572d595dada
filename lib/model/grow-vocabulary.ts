import { ArgumentError } from '../errors.js';
import { cat, noGrad, scope } from '../tensor/index.js';
import { GPT } from './gpt.js';

/**
 * The model with rows for the tokens that its tokenizer has got since, such as start, delimiter and extract (Radford et
 * al. 2018, 3.3). New rows of the token embedding, and of the output weights where they are not tied to it, are
 * N(0, initStd); everything else keeps its values to the bit.
 *
 * The model given is disposed of: parameters have their size for life, so an optimizer that holds them is made anew.
 * Where it has `vocabSize` rows already it is returned as it is.
 *
 * @param vocabSize rows in all
 * `seed`: of the new rows. Default 0.
 * @throws ArgumentError when `vocabSize` is no whole number or smaller than the model's; the model stays as it is
 */
export function growVocabulary(model: GPT, vocabSize: number, { seed = 0 }: { seed?: number } = {}): GPT {
  const rows = model.config.vocabSize;
  if (!Number.isInteger(vocabSize) || vocabSize < rows) {
    throw new ArgumentError(
      `growVocabulary: vocabSize is ${vocabSize}; allowed: whole numbers from the model's ${rows}`,
    );
  }
  if (vocabSize === rows) return model;
  const grown = new GPT({ ...model.config, vocabSize }, { seed, device: model.device, dtype: model.dtype });
  grown.training = model.training;
  const sources = new Map(model.namedParameters());
  noGrad(() =>
    scope(() => {
      for (const [name, target] of grown.namedParameters()) {
        const source = sources.get(name);
        if (source === undefined) throw new Error(`the smaller model has no ${name}`);
        // Of the parameters only the embedding and the output weights have a row a token: (vocabSize, width).
        const isSameSize = source.shape[0] === target.shape[0];
        target.copyFrom(isSameSize ? source : cat([source, target.narrow(0, rows, vocabSize - rows)]));
      }
    }),
  );
  model.dispose();
  return grown;
}
