import { InputError } from '../errors.js';

type JsonObject = Record<string, unknown>;

/**
 * A copy of `config` with each `key=value` applied: the key is a path with dots, the value JSON or, where it is none, a
 * string. Whether the field exists is for the schema to say.
 * @throws InputError for an assignment without `=` or a path through something that is not an object.
 */
export function applyOverrides(config: JsonObject, assignments: readonly string[]): JsonObject {
  const result = structuredClone(config);
  for (const assignment of assignments) {
    const equals = assignment.indexOf('=');
    if (equals < 1) throw new InputError(`--set ${assignment}: expected key=value, such as --set train.lr=1e-3`);
    assign(result, assignment.slice(0, equals).split('.'), parseValue(assignment.slice(equals + 1)), assignment);
  }
  return result;
}

function assign(target: JsonObject, path: readonly string[], value: unknown, assignment: string): void {
  const [key = '', ...rest] = path;
  if (key === '' || key === '__proto__')
    throw new InputError(`--set ${assignment}: ${JSON.stringify(key)} is no field`);
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const next = Object.hasOwn(target, key) ? target[key] : {};
  if (!isObject(next)) throw new InputError(`--set ${assignment}: ${key} is ${JSON.stringify(next)} and has no fields`);
  target[key] = next;
  assign(next, rest, value, assignment);
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
