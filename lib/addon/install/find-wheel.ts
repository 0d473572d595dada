import { LoadError } from '../../errors.js';
import { wheelPlatform } from './libtorch-sources.js';

export interface Wheel {
  url: string;
  fileName: string;
  /** Hexadecimal, where the source gives one. */
  sha256?: string;
}

/**
 * Finds torch's wheel for this machine. `source` is a wheel's own address (with `#sha256=…` it is checked) or an index with a
 * page `torch/` of links, as pip reads it. The Python version in the wheel's name does not matter: only libraries are taken.
 *
 * @throws LoadError when the index does not answer or has no such wheel.
 */
export async function findWheel(source: string, version: string): Promise<Wheel> {
  if (new URL(source).pathname.endsWith('.whl')) return wheelAt(source);

  const platform = wheelPlatform();
  if (!platform) throw new LoadError(`There is no libtorch for ${process.platform} ${process.arch}.`);
  const page = /\/torch\/?$/.test(source) ? `${source.replace(/\/$/, '')}/` : `${source.replace(/\/$/, '')}/torch/`;
  const wheels = (await readPage(page)).map((link) => wheelAt(new URL(link, page).href));
  const local = process.platform === 'darwin' ? '' : '+cpu';
  const wheel = wheels.find(
    ({ fileName }) => fileName.startsWith(`torch-${version}${local}-cp`) && platform.test(fileName),
  );
  if (!wheel)
    throw new LoadError(`${page} lists no wheel of torch ${version}${local} for ${process.platform} ${process.arch}.`);
  return wheel;
}

function wheelAt(address: string): Wheel {
  const url = new URL(address);
  const fileName = decodeURIComponent(url.pathname.split('/').at(-1) ?? '');
  const sha256 = /sha256=([0-9a-f]{64})/.exec(url.hash)?.[1];
  url.hash = '';
  return { url: url.href, fileName, sha256 };
}

/** The page's links. */
async function readPage(page: string): Promise<string[]> {
  const response = await fetch(page).catch((cause: unknown) => {
    throw new LoadError(`${page} does not answer: ${reasonOf(cause)}`, { cause });
  });
  if (!response.ok) throw new LoadError(`${page} answered ${response.status} ${response.statusText}.`);
  const html = await response.text();
  return [...html.matchAll(/href="([^"]+)"/g)].flatMap(([, link]) =>
    link === undefined ? [] : [link.replaceAll('&amp;', '&')],
  );
}

/** fetch hides the reason of a failure in its cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
