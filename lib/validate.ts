import { z } from 'zod';
import { InputError } from './errors.js';

const MOST_PROBLEMS_TOLD = 3;

/**
 * Checks `value` against a zod schema and returns what the schema makes of it.
 *
 * @param where what is being checked, the beginning of the message: a file, "--set", "model configuration" …
 * @throws InputError one line that names each bad field, its value, what is allowed and, for an unknown field, the
 *   nearest known name.
 */
export function parseOrThrow<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => describeIssue(schema, value, issue));
  const told = problems.slice(0, MOST_PROBLEMS_TOLD).join('; ');
  const rest = problems.length - MOST_PROBLEMS_TOLD;
  throw new InputError(`${where}: ${told}${rest > 0 ? `; and ${rest} more` : ''}`);
}

/** The nearest of `names` by edit distance, or undefined where none is near enough to be meant. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.ceil(name.length / 3)) + 1;
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein's distance: single-character insertions, deletions and substitutions. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}

/** "unknown field X; did you mean Y? known fields: …": the same words for every object that is checked. */
export function unknownName(kind: string, name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? '' : `, did you mean ${JSON.stringify(nearest)}?`;
  return `unknown ${kind} ${JSON.stringify(name)}${hint} (allowed: ${known.join(', ')})`;
}

function describeIssue(schema: z.ZodType, root: unknown, issue: z.core.$ZodIssue): string {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = knownFields(schema, issue.path);
    const prefix = path === '' ? '' : `${path}: `;
    return prefix + issue.keys.map((key) => unknownName('field', key, known)).join('; ');
  }
  const value = issue.path.reduce<unknown>(child, root);
  const field = path === '' ? 'the value' : `field ${JSON.stringify(path)}`;
  if (value === undefined) return `${field} is missing; allowed: ${allowed(issue)}`;
  return `${field} is ${show(value)}; allowed: ${allowed(issue)}`;
}

/** What would be accepted, in words. A refinement's own message is taken as it is. */
function allowed(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeInWords(issue.expected);
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(', ');
    case 'too_small':
      return `${unit(issue.origin)}${issue.inclusive ? '>=' : '>'} ${issue.minimum}`;
    case 'too_big':
      return `${unit(issue.origin)}${issue.inclusive ? '<=' : '<'} ${issue.maximum}`;
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'invalid_union':
      return issue.errors.map((errors) => errors.map(allowed).join(' and ')).join(', or ') || issue.message;
    default:
      return issue.message;
  }
}

function typeInWords(expected: string): string {
  const words: Record<string, string> = {
    int: 'a whole number',
    number: 'a number',
    object: 'an object',
    array: 'a list',
  };
  return words[expected] ?? `a ${expected}`;
}

function unit(origin: string): string {
  if (origin === 'string') return 'characters ';
  return origin === 'array' ? 'items ' : '';
}

function show(value: unknown): string {
  const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : JSON.stringify(value);
  if (text === undefined) return String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function child(value: unknown, key: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Record<PropertyKey, unknown>)[key];
}

/** The fields of the object schema found at `path`, through optional, default, union and array wrappers. */
function knownFields(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let found: z.core.$ZodType[] = [schema];
  for (const key of path) found = found.flatMap(objects).flatMap((object) => memberAt(object, key));
  return [
    ...new Set(
      found.flatMap(objects).flatMap((object) => (object instanceof z.ZodObject ? Object.keys(object.shape) : [])),
    ),
  ];
}

function memberAt(schema: z.core.$ZodType, key: PropertyKey): z.core.$ZodType[] {
  if (schema instanceof z.ZodArray) return [schema.element];
  if (schema instanceof z.ZodRecord) return [schema.valueType];
  const member =
    schema instanceof z.ZodObject ? (schema.shape[key as string] as z.core.$ZodType | undefined) : undefined;
  return member === undefined ? [] : [member];
}

/** The object, array or record schemas that `schema` wraps. */
function objects(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(objects);
  if (schema instanceof z.ZodPipe) return objects(schema.in);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
    return objects(schema.unwrap());
  }
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodReadonly) return objects(schema.unwrap());
  return [schema];
}
