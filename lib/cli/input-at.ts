import { ArgumentError, InputError } from '../errors.js';

/** Runs `use`; where it finds fault with the input, the error says that the input stands at `where`. */
export function inputAt<T>(where: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    const isInput = error instanceof InputError || error instanceof ArgumentError;
    throw isInput ? new InputError(`${where}: ${error.message}`, { cause: error }) : error;
  }
}
