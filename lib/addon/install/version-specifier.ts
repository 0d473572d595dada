import { LoadError } from '../../errors.js';

/**
 * True when a version is one that a Python requirement allows: comparisons parted by commas (PEP 440), of which `==`, `==1.2.*`,
 * `!=`, `<`, `<=`, `>` and `>=` are known. A local part (`+cpu`) counts only where the specifier has one, too.
 *
 * @throws LoadError on another comparison.
 */
export function satisfies(version: string, specifier: string): boolean {
  const clauses = specifier.split(',').map((clause) => clause.trim());
  return clauses.every((clause) => clause === '' || holds(version, clause));
}

function holds(version: string, clause: string): boolean {
  const [, operator = '', wanted = ''] = /^(===?|!=|<=?|>=?)\s*([\w.+*]+)$/.exec(clause) ?? [];
  const compared = wanted.includes('+') ? version : (version.split('+')[0] ?? '');
  if (operator === '==' && wanted.endsWith('.*')) return `${compared}.`.startsWith(wanted.slice(0, -1));
  const order = compareVersions(compared, wanted);
  switch (operator) {
    case '===':
      return version === wanted;
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    default:
      throw new LoadError(`The version specifier ${clause} is not known.`);
  }
}

/** Below 0 when `a` is older. Number by number; what is missing counts as 0. */
export function compareVersions(a: string, b: string): number {
  const [first, second] = [parts(a), parts(b)];
  for (let i = 0; i < Math.max(first.length, second.length); i++) {
    const difference = (first[i] ?? '0').localeCompare(second[i] ?? '0', 'en', { numeric: true });
    if (difference !== 0) return difference;
  }
  return 0;
}

function parts(version: string): string[] {
  return version.split(/[.+]/);
}
