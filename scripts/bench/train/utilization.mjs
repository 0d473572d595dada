import { gptorch } from '../machine.mjs';
import { summary } from '../statistics.mjs';

/** Dense bfloat16 products a second, as NVIDIA's data sheets say (without sparsity), by a part of the driver's name. */
const PEAKS = [
  ['H200', 989.4e12],
  ['H100 PCIe', 756e12],
  ['H100', 989.4e12],
  ['A100', 312e12],
  ['L40S', 362e12],
  ['RTX 4090', 165.2e12],
];

/**
 * Tokens a second and, on a GPU whose peak is known, the model's floating-point operations as a share of that peak (MFU;
 * Chowdhery et al. 2022, appendix B): tokens/s · (6 N + 12 · layers · width · contextLength) / peak. N counts every parameter but
 * the embeddings of positions; attention is counted whole, though half of it is masked.
 *
 * @param {{ model: object, batch: number }} size
 * @param {readonly number[]} stepSeconds
 * @param {string} device
 */
export function utilization({ model, batch }, stepSeconds, device) {
  const { contextLength, layers, width } = model;
  const tokensPerSecond = (batch * contextLength) / summary(stepSeconds).median;
  const name = device === 'cpu' ? undefined : gptorch.engine.deviceNames()[Number(device.split(':')[1] ?? 0)];
  const peak = PEAKS.find(([part]) => name?.includes(part))?.[1];
  const flopsPerToken = 6 * parameterCount(model) + 12 * layers * width * contextLength;
  return { tokensPerSecond, mfu: peak === undefined ? null : (tokensPerSecond * flopsPerToken) / peak };
}

/** Of GPT-2 with tied output weights, without positions. */
export function parameterCount({ vocabSize, layers, width }) {
  const block = 12 * width * width + 13 * width;
  return vocabSize * width + layers * block + 2 * width;
}
