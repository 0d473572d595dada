import { LoadError } from '../../errors.js';
import { type Get, reasonOf } from './http.js';
import { wheelPlatform } from './libtorch-sources.js';
import { compareVersions, satisfies } from './version-specifier.js';

export interface Wheel {
  url: string;
  fileName: string;
  /** Hexadecimal, where the source gives one. */
  sha256?: string;
}

/** What is looked for in an index. */
export interface WheelRequest {
  /** The project: `torch`, `nvidia-cublas`. */
  name: string;
  /** As in a requirement: `==2.13.0+cpu`, `==13.1.1.3.*`; empty: any. */
  specifier: string;
}

/**
 * Finds the newest wheel for this machine that is asked for in an index: a page `<name>/` of links, as pip reads it. The Python
 * version in a wheel's name does not matter: only libraries are taken.
 *
 * @throws LoadError when the index does not answer or has no such wheel.
 */
export async function findWheel(index: string, { name, specifier }: WheelRequest, get: Get): Promise<Wheel> {
  const platform = wheelPlatform();
  if (!platform) throw new LoadError(`There is no libtorch for ${process.platform} ${process.arch}.`);
  const page = pageOf(index, name);
  const wheels = (await readPage(page, get)).map((link) => wheelAt(new URL(link, page).href));
  const [wheel] = wheels
    .flatMap((each) => {
      const version = versionIn(each.fileName, name);
      const fits = platform.test(each.fileName) || each.fileName.endsWith('-none-any.whl');
      return version !== undefined && fits && satisfies(version, specifier) ? [{ ...each, version }] : [];
    })
    .sort((a, b) => compareVersions(b.version, a.version));
  if (!wheel) {
    throw new LoadError(`${page} lists no wheel of ${name} ${specifier} for ${process.platform} ${process.arch}.`);
  }
  return { url: wheel.url, fileName: wheel.fileName, sha256: wheel.sha256 };
}

/**
 * A wheel by its own address; with `#sha256=…` it is checked.
 *
 * @throws LoadError for an address that cannot be one.
 */
export function wheelAt(address: string): Wheel {
  const url = new URL(address);
  const fileName = fileNameIn(url);
  const sha256 = /sha256=([0-9a-f]{64})/.exec(url.hash)?.[1];
  url.hash = '';
  return { url: url.href, fileName, sha256 };
}

/** Without folders, also of an address that hides slashes in it. */
function fileNameIn(url: URL): string {
  try {
    return decodeURIComponent(url.pathname).split('/').at(-1) ?? '';
  } catch {
    throw new LoadError(`${url.href} is no wheel's address.`);
  }
}

export function isWheelAddress(source: string): boolean {
  return new URL(source).pathname.endsWith('.whl');
}

/** An index may be given with torch's page. */
function pageOf(index: string, name: string): string {
  return `${index.replace(/\/$/, '').replace(/\/torch$/, '')}/${name}/`;
}

/** `nvidia_cublas-13.1.1.3-py3-none-manylinux_2_27_x86_64.whl` → `13.1.1.3` */
function versionIn(fileName: string, name: string): string | undefined {
  const [project = '', version] = fileName.split('-');
  return normalized(project) === normalized(name) ? version : undefined;
}

function normalized(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** The page's links. */
async function readPage(page: string, get: Get): Promise<string[]> {
  const response = await get(page).catch((cause: unknown) => {
    throw new LoadError(`${page} does not answer: ${reasonOf(cause)}`, { cause });
  });
  if (!response.ok) throw new LoadError(`${page} answered ${response.status} ${response.statusText}.`);
  const html = await response.text();
  return [...html.matchAll(/href="([^"]+)"/g)].flatMap(([, link]) =>
    link === undefined ? [] : [link.replaceAll('&amp;', '&')],
  );
}
