import { LoadError } from '../../errors.js';
import { ZipFile } from '../../zip.js';
import type { WheelRequest } from './find-wheel.js';

/** `cuda-toolkit[cublas,cudart]==13.0.3` */
export interface Requirement extends WheelRequest {
  extras: string[];
}

/**
 * What a wheel needs on this machine (`Requires-Dist` in its metadata), those of the extras included that are asked for.
 *
 * @throws LoadError when the wheel is damaged or has no metadata.
 */
export async function requirementsOf(wheel: string, extras: readonly string[]): Promise<Requirement[]> {
  const zip = await ZipFile.open(wheel, LoadError);
  try {
    const entry = zip.entries.find(({ name }) => /^[^/]+\.dist-info\/METADATA$/.test(name));
    if (entry === undefined) throw new LoadError(`${wheel} has no metadata.`);
    return parseRequirements((await zip.read(entry)).toString(), extras);
  } finally {
    await zip.close();
  }
}

export function parseRequirements(metadata: string, extras: readonly string[]): Requirement[] {
  const lines = [...metadata.matchAll(/^Requires-Dist:\s*(.+)$/gm)].map(([, line = '']) => line);
  return lines.flatMap((line) => {
    const [requirement = '', marker = ''] = line.split(';');
    const [, name, inBrackets = '', specifier = ''] =
      /^\s*([\w.-]+)\s*(?:\[([^\]]*)\])?\s*\(?([^)]*)\)?\s*$/.exec(requirement) ?? [];
    if (name === undefined) throw new LoadError(`The requirement ${requirement} is not understood.`);
    const isWanted = ['', ...extras].some((extra) => holds(marker, extra));
    const parsed = {
      name,
      specifier: specifier.trim(),
      extras: inBrackets
        .split(',')
        .map((extra) => extra.trim())
        .filter(Boolean),
    };
    return isWanted ? [parsed] : [];
  });
}

/** Whether an environment marker (PEP 508) holds here: `sys_platform == 'linux' and extra == 'cublas'`. */
function holds(marker: string, extra: string): boolean {
  const values: Record<string, string> = {
    extra,
    sys_platform: process.platform,
    platform_system: { linux: 'Linux', darwin: 'Darwin', win32: 'Windows' }[process.platform as string] ?? '',
    platform_machine:
      { x64: 'x86_64', arm64: process.platform === 'linux' ? 'aarch64' : 'arm64' }[process.arch as string] ?? '',
  };
  const words = marker.match(/\(|\)|[<>=!~]+|'[^']*'|"[^"]*"|[\w.]+/g) ?? [];
  let at = 0;
  const either = (): boolean => {
    let result = both();
    while (words[at] === 'or') {
      at++;
      const other = both();
      result = result || other;
    }
    return result;
  };
  const both = (): boolean => {
    let result = one();
    while (words[at] === 'and') {
      at++;
      const other = one();
      result = result && other;
    }
    return result;
  };
  const one = (): boolean => {
    if (words[at] === '(') {
      at++;
      const inside = either();
      at++;
      return inside;
    }
    const [variable = '', operator = '', quoted = ''] = words.slice(at, at + 3);
    at += 3;
    const value = values[variable];
    // Versions of Python do not matter: no Python runs what is taken.
    if (value === undefined) return true;
    const isSame = value === quoted.slice(1, -1);
    return operator === '!=' ? !isSame : isSame;
  };
  return words.length === 0 ? extra === '' : either();
}
