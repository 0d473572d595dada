import { InputError } from '../errors.js';

/** Deeper than any header, index or example that this library reads. */
const DEEPEST = 8;

/**
 * Checks what `JSON.parse` passes over: no object has a key twice, and nothing is nested so deep that code that walks
 * the value would run out of stack. `json` is valid JSON.
 * @throws InputError naming the key
 */
export function checkJsonKeys(json: string, where: string): void {
  const objects: Set<string>[] = [];
  let text: string | undefined;
  for (const [token] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]/g)) {
    if (token === '{' || token === '[') objects.push(new Set());
    else if (token === '}' || token === ']') objects.pop();
    else if (token === ':' && text !== undefined) addKey(objects.at(-1), JSON.parse(text), where);
    text = token.startsWith('"') ? token : undefined;
    if (objects.length > DEEPEST) throw new InputError(`${where}: nested deeper than ${DEEPEST} levels`);
  }
}

function addKey(keys: Set<string> | undefined, key: string, where: string): void {
  if (keys?.has(key)) throw new InputError(`${where}: ${JSON.stringify(key)} is there twice`);
  keys?.add(key);
}
