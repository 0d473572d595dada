/** `npm run test:soak` runs the same tests for longer: nothing is left out of the short form, only repeated less. */
export const soak = process.env.GPTORCH_SOAK === '1';

export function size<T>({ short, long }: { short: T; long: T }): T {
  return soak ? long : short;
}

/** A limit for tests whose long form takes minutes. */
export const patience = size({ short: 120_000, long: 30 * 60_000 });
