/** What draws random numbers in the function that is being captured; undefined outside of one. */
let generator: object | undefined;

/** The generator of the capture under way, if there is one. */
export function capturingGenerator(): object | undefined {
  return generator;
}

/** Runs `fn` as the function of a capture that draws from `drawsFrom`. */
export function whileCapturing<T>(drawsFrom: object, fn: () => T): T {
  generator = drawsFrom;
  try {
    return fn();
  } finally {
    generator = undefined;
  }
}
