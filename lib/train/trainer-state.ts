/** Where a run stands, besides its tensors. Plain JSON: it is stored in the checkpoint. */
export interface TrainerState {
  /** Optimizer steps done. */
  step: number;
  /** Tokens trained on. */
  tokens: number;
  seconds: number;
  /** Of the last step, before its update. */
  trainLoss: number | null;
  valLoss: number | null;
  /** Steps that were done at the last validation. */
  validatedAt: number | null;
  bestValLoss: number | null;
  bestStep: number | null;
  /** What the best validation ranked; checkpoints had a single number before a second could decide. */
  bestRank: readonly number[] | number | null;
  /** Validations since the best. */
  validationsSinceBest: number;
  /** The dataset's own state. */
  data: unknown;
}

export function initialState(): TrainerState {
  return {
    step: 0,
    tokens: 0,
    seconds: 0,
    trainLoss: null,
    valLoss: null,
    validatedAt: null,
    bestValLoss: null,
    bestStep: null,
    bestRank: null,
    validationsSinceBest: 0,
    data: null,
  };
}

/** Whether a rank is above the best so far: the first number that differs decides. The first of all is above none. */
export function ranksAbove(rank: readonly number[], best: TrainerState['bestRank']): boolean {
  if (best === null) return true;
  // JSON has no NaN and no infinity: null stands for them in a checkpoint.
  const worth = (value: number | null | undefined) => (value == null || Number.isNaN(value) ? -Infinity : value);
  const before = typeof best === 'number' ? [best] : best;
  const place = rank.findIndex((value, i) => worth(value) !== worth(before[i]));
  return place >= 0 && worth(rank[place]) > worth(before[place]);
}
