import { Failure } from '../../bootstrap/failure.mjs';

/** Of losses of the first steps; later ones drift apart as rounding errors grow. bfloat16 keeps 8 bits of a logit. */
const TOLERANCES = { float32: 1e-4, bfloat16: 3e-2 };

/** @throws Failure unless all peers run the same libtorch, instruction set and number of threads */
export function requireSameConditions(peers, threads) {
  const [ours] = peers;
  for (const { name, conditions } of peers) {
    const { version, instructionSet } = conditions;
    if (conditions.threads !== threads) {
      throw new Failure(`${name} computes with ${conditions.threads} threads instead of ${threads}`);
    }
    if (release(version) !== release(ours.conditions.version) || instructionSet !== ours.conditions.instructionSet) {
      throw new Failure(
        `${name} runs torch ${version} with ${instructionSet}, ${ours.name} ${ours.conditions.version} with ` +
          `${ours.conditions.instructionSet}: not comparable`,
      );
    }
  }
}

/** Without the build's tag: "2.13.0+cpu" is 2.13.0. */
function release(version) {
  return version.split('+')[0];
}

/**
 * Peers that do the same have the same losses.
 *
 * @param {readonly { name: string, losses: readonly number[] }[]} peers
 * @param {'float32' | 'bfloat16'} dtype
 * @returns {number} the largest difference from the first peer's
 * @throws Failure where it passes the tolerance: times of different work must not be compared
 */
export function requireAgreement(peers, dtype) {
  const [first, ...others] = peers;
  let largest = 0;
  for (const { name, losses } of others) {
    if (losses.length !== first.losses.length) {
      throw new Failure(`${name} gave ${losses.length} losses, ${first.name} ${first.losses.length}`);
    }
    for (const [step, loss] of losses.entries()) {
      const difference = Math.abs(loss - first.losses[step]);
      if (!(difference <= TOLERANCES[dtype])) {
        throw new Failure(
          `step ${step}: the loss is ${loss} with ${name} and ${first.losses[step]} with ${first.name}: they do not do ` +
            'the same work, so nothing is reported',
        );
      }
      largest = Math.max(largest, difference);
    }
  }
  return largest;
}
