import { homedir } from 'node:os';
import { escapePattern } from '../../escape-pattern.js';

/**
 * A report that can be shown to others: the home folder is `~`, and addresses have no name, password or query in them.
 * Strings are changed, however deep they lie.
 */
export function withoutSecrets<T>(value: T, home = homedir()): T {
  const hide = (each: unknown): unknown => {
    if (typeof each === 'string') return hideIn(each, home);
    if (Array.isArray(each)) return each.map(hide);
    if (each === null || typeof each !== 'object') return each;
    return Object.fromEntries(Object.entries(each).map(([name, inner]) => [name, hide(inner)]));
  };
  return hide(value) as T;
}

function hideIn(text: string, home: string): string {
  const withoutPassword = text
    .replace(/(\w+:\/\/)[^/@\s]+@/g, '$1***@')
    .replace(/(\w+:\/\/[^\s?#]+)\?[^\s#]*/g, '$1?***');
  // A process without a home has the root folder for one.
  if (home.length <= 1) return withoutPassword;
  return withoutPassword.replaceAll(new RegExp(`${escapePattern(home)}(?=$|[/:\\s,;"')])`, 'g'), '~');
}
