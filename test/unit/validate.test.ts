import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { InputError } from '../../lib/errors.js';
import { editDistance, nearestName, parseOrThrow } from '../../lib/validate.js';

const Schema = z.strictObject({
  model: z.strictObject({
    layers: z.int().min(1),
    width: z.int().positive(),
    activation: z.enum(['gelu', 'relu']).default('gelu'),
  }),
  train: z.strictObject({ lr: z.number().positive(), betas: z.tuple([z.number(), z.number()]).optional() }).optional(),
});
const good = { model: { layers: 2, width: 8 } };

function messageOf(value: unknown): string {
  try {
    parseOrThrow(Schema, value, 'run.json');
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  }
  throw new Error('the value was accepted');
}

describe('parseOrThrow', () => {
  it('returns the value with defaults filled in', () => {
    expect(parseOrThrow(Schema, good, 'run.json').model.activation).toBe('gelu');
  });

  it.each([
    [
      'an unknown field, with the nearest name',
      { model: { ...good.model, layerz: 1 } },
      'run.json: model: unknown field "layerz", did you mean "layers"? (allowed: layers, width, activation)',
    ],
    [
      'an unknown field inside an optional object',
      { ...good, train: { lr: 1, beta: 2 } },
      'run.json: train: unknown field "beta", did you mean "betas"? (allowed: lr, betas)',
    ],
    [
      'an unknown field near none',
      { ...good, somethingElse: 1 },
      'run.json: unknown field "somethingElse" (allowed: model, train)',
    ],
    ['a number out of range', { ...good, train: { lr: -1 } }, 'run.json: field "train.lr" is -1; allowed: > 0'],
    [
      'a fraction',
      { model: { layers: 1.5, width: 8 } },
      'run.json: field "model.layers" is 1.5; allowed: a whole number',
    ],
    ['a wrong type', { model: { layers: '2', width: 8 } }, 'run.json: field "model.layers" is "2"; allowed: a number'],
    [
      'a value outside a choice',
      { model: { ...good.model, activation: 'gelo' } },
      'run.json: field "model.activation" is "gelo"; allowed: "gelu", "relu"',
    ],
    ['a missing field', { model: { layers: 2 } }, 'run.json: field "model.width" is missing; allowed: a number'],
    ['something that is no object', 7, 'run.json: the value is 7; allowed: an object'],
  ])('names %s', (_, value, message) => {
    expect(messageOf(value)).toBe(message);
  });

  it('keeps to one line, however many problems there are', () => {
    const message = messageOf({ a: 1, model: { layers: 0, width: 0, activation: 1, b: 2 } });
    expect(message).not.toContain('\n');
    expect(message).toMatch(/; and \d more$/);
  });
});

describe('nearestName', () => {
  it('counts insertions, deletions and substitutions', () => {
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('', 'abc')).toBe(3);
  });

  it('does not offer a name that has nothing in common', () => {
    expect(nearestName('zzzzzz', ['layers', 'width'])).toBeUndefined();
    expect(nearestName('Layers', ['width', 'layers'])).toBe('layers');
  });
});
