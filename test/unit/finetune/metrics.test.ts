import { describe, expect, it } from 'vitest';
import { crossEntropyOf, predictionOf, probabilitiesOf } from '../../../lib/finetune/answer.js';
import { classificationMetrics, majorityAccuracy, regressionMetrics } from '../../../lib/finetune/index.js';

describe('classificationMetrics', () => {
  it('counts true classes in rows, predicted ones in columns', () => {
    const { confusion, accuracy } = classificationMetrics([0, 0, 1, 2, 2], [0, 1, 1, 2, 0], 3);
    expect(confusion).toEqual([
      [1, 1, 0],
      [0, 1, 0],
      [1, 0, 1],
    ]);
    expect(accuracy).toBe(0.6);
  });

  // The examples of scikit-learn's documentation of f1_score and matthews_corrcoef.
  it('has macro F1 and Matthews as scikit-learn', () => {
    expect(classificationMetrics([0, 1, 2, 0, 1, 2], [0, 2, 1, 0, 0, 1], 3).macroF1).toBeCloseTo(0.26666666, 7);
    expect(classificationMetrics([1, 1, 1, 0], [1, 0, 1, 1], 2).matthews).toBeCloseTo(-1 / 3, 12);
  });

  it('is 0, not a number, where one side has one class only; 1 and -1 at the ends', () => {
    expect(classificationMetrics([0, 1], [0, 0], 2)).toMatchObject({ matthews: 0, accuracy: 0.5, macroF1: 1 / 3 });
    expect(classificationMetrics([0, 1, 2], [0, 1, 2], 3)).toMatchObject({ matthews: 1, macroF1: 1, accuracy: 1 });
    expect(classificationMetrics([0, 1], [1, 0], 2).matthews).toBe(-1);
  });
});

describe('majorityAccuracy', () => {
  it('takes the most frequent answer of the training data', () => {
    expect(majorityAccuracy([1, 1, 0], [0, 0, 1, 0])).toBe(0.25);
    expect(majorityAccuracy([1, 0], [0, 0, 1, 0])).toBe(0.75); // of equals the first
  });
});

describe('regressionMetrics', () => {
  // The examples of SciPy's documentation of pearsonr and spearmanr.
  it('has Pearson and Spearman as SciPy', () => {
    expect(regressionMetrics([0, 0, 0, 1, 1, 1, 1], [0, 1, 2, 3, 4, 5, 6]).pearson).toBeCloseTo(0.8660254, 7);
    expect(regressionMetrics([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]).spearman).toBeCloseTo(0.8207826816681233, 12);
  });

  it('is 0 where one side does not vary', () => {
    expect(regressionMetrics([1, 2, 3], [2, 2, 2])).toMatchObject({ pearson: 0, spearman: 0, meanSquaredError: 2 / 3 });
  });
});

describe('what logits mean', () => {
  it('is told of logits whose exponentials are too large, or too small, for a number', () => {
    const [high, low] = [probabilitiesOf([2000, 2000, 0]), probabilitiesOf([-2000, -2000])];
    expect([high, low]).toEqual([[0.5, 0.5, 0], [0.5, 0.5]]); // biome-ignore format: one line
    for (const logits of [[2000, 2000], [-2000, -2000]]) expect(crossEntropyOf(logits, 1)).toBeCloseTo(Math.log(2), 9); // biome-ignore format: one line
    expect(crossEntropyOf([0, 2000], 0)).toBe(2000);
  });

  it('is the first of equals', () => {
    expect(predictionOf([1, 3, 3])).toBe(1);
  });
});
