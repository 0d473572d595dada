import { AdamW, clipGradNorm, engine, GPT, type Tensor, tensor } from '../../lib/index.js';

/** A model with dropout, so that what is drawn shows too; `step(i)` is the same each time for the same state. */
export function makeTraining() {
  const model = new GPT({
    ...{ vocabSize: 7, contextLength: 6, layers: 2, heads: 2, width: 8 },
    ...{ embeddingDropout: 0.1, attentionDropout: 0.1, residualDropout: 0.1 },
  });
  const optimizer = new AdamW(model.namedParameters(), { lr: 1e-2 });
  const inputs = tensor([[0, 1, 2, 3, 4, 5]], { dtype: 'int64' }); // (1, T)
  const targets = tensor([[1, 2, 3, 4, 5, 6]], { dtype: 'int64' });
  const loss = (index = 0): Tensor => {
    engine.setStep(index);
    return model.loss(inputs, targets);
  };
  /** Queues a step. The loss and the norm are the caller's to dispose of. */
  const step = (index: number): { loss: Tensor; norm: Tensor } => {
    const result = loss(index);
    result.backward();
    const norm = clipGradNorm(model.namedParameters(), 1);
    optimizer.step();
    optimizer.zeroGrad();
    return { loss: result, norm };
  };
  const state = (): Tensor[] =>
    [...model.namedParameters(), ...optimizer.namedState()].map(([, parameter]) => parameter);
  const dispose = () => {
    optimizer.dispose();
    model.dispose();
    inputs.dispose();
    targets.dispose();
  };
  return { model, optimizer, loss, step, state, dispose };
}
