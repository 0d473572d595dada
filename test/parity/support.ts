import { expect } from 'vitest';
import { type Tensor, tensor } from '../../lib/tensor/index.js';
import { expectClose, GRADIENTS, OUTPUTS } from './compare.js';
import { device } from './device.js';
import type { Fixture, Stored } from './fixture.js';

export type Tensors = ReadonlyMap<string, Tensor>;

/** What computes a case: its parameters by the fixture's names, and the function from inputs to outputs. */
export interface Subject {
  parameters: Tensors;
  forward(input: (name: string) => Tensor): Record<string, Tensor>;
}

/**
 * Runs a case with the fixture's inputs and parameters and compares every output and gradient.
 * Gradients are those of the output `loss`, where there is one, else of Σ output · probe over all outputs.
 */
export async function expectParity(fixture: Fixture<unknown>, subject: Subject): Promise<void> {
  const { parameters, forward } = subject;
  fill(parameters, fixture.of('parameters'));
  const inputs = leaves(fixture.of('inputs'));
  const outputs = forward((name) => found(inputs, name));
  (outputs.loss ?? weighted(outputs, fixture)).backward();

  await expectTensors('outputs', new Map(Object.entries(outputs)), fixture, OUTPUTS);
  await expectGradients('gradients', parameters, fixture);
  await expectGradients('inputGradients', inputs, fixture);
}

/** Compares the gradients of all of a kind that the fixture has. */
export async function expectGradients(kind: string, of: Tensors, fixture: Fixture<unknown>): Promise<void> {
  const named = [...fixture.of(kind).keys()].map((name): [string, Tensor] => [name, found(of, name).grad()]);
  await expectTensors(kind, new Map(named), fixture, GRADIENTS);
}

/** Compares tensors with those of a kind in the fixture; neither side may have one that the other lacks. */
export async function expectTensors(
  kind: string,
  got: Tensors,
  fixture: Fixture<unknown>,
  tolerance: number,
): Promise<void> {
  const expected = fixture.of(kind);
  expect([...got.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, value] of got) {
    expectClose(`${fixture.name} ${kind}/${name}`, await read(value), fixture.get(kind, name), tolerance);
  }
}

export async function read(value: Tensor): Promise<Stored> {
  const data = await value.toArray();
  if (data instanceof Float32Array || data instanceof BigInt64Array) return { shape: value.shape, data };
  throw new Error(`fixtures are float32 and int64, this is ${value.dtype}`);
}

/** The stored tensors on the engine; those of floats take gradients. */
export function leaves(stored: ReadonlyMap<string, Stored>): Tensors {
  return new Map([...stored].map(([name, value]) => [name, toTensor(value, value.data instanceof Float32Array)]));
}

export function toTensor({ data, shape }: Stored, requiresGrad = false): Tensor {
  return tensor(data, { shape, requiresGrad, device });
}

/** One of a stack of tensors, by the first subscript. */
export function slice({ data, shape: [, ...shape] }: Stored, index: number): Stored {
  const size = shape.reduce((product, length) => product * length, 1);
  return { shape, data: data.slice(index * size, (index + 1) * size) };
}

export function found(tensors: Tensors, name: string): Tensor {
  const value = tensors.get(name);
  if (!value) throw new Error(`no tensor ${name}; there are ${[...tensors.keys()].join(', ')}`);
  return value;
}

/** Gives parameters the stored values; the names must be the same on both sides. */
function fill(parameters: Tensors, stored: ReadonlyMap<string, Stored>): void {
  expect([...parameters.keys()].sort()).toEqual([...stored.keys()].sort());
  for (const [name, value] of stored) found(parameters, name).copyFrom(toTensor(value));
}

function weighted(outputs: Record<string, Tensor>, fixture: Fixture<unknown>): Tensor {
  const terms = Object.entries(outputs).map(([name, value]) => value.mul(toTensor(fixture.get('probes', name))).sum());
  return terms.reduce((sum, term) => sum.add(term));
}
