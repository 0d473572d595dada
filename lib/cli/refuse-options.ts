import { InputError } from '../errors.js';

/** @throws InputError for the first of `names` that was given: it has no meaning here, and would be passed over in silence */
export function refuseOptions<O>(options: O, names: readonly (keyof O & string)[], why: string): void {
  const given = names.find((name) => options[name] !== undefined);
  if (given === undefined) return;
  throw new InputError(`--${given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${why}`);
}
