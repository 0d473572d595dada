// `npm run release:pack`: the tarballs that a release publishes, in build/release/. It builds first what is not up to date.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fail } from '../bootstrap/failure.mjs';
import { buildFolder, isMain } from '../bootstrap/paths.mjs';
import { hashInputs, isDone, markDone } from '../bootstrap/stamp.mjs';
import { step, write } from '../bootstrap/step.mjs';
import { bootstrap } from '../bootstrap.mjs';
import { builtAgainst } from '../python.mjs';
import { thisPlatform } from './platforms.mjs';

export const releaseTarballs = join(buildFolder, 'release');

/** @returns {Promise<{ name: string, version: string, file: string, packed: number, unpacked: number, manifest: object }[]>} */
export async function pack() {
  await bootstrap();
  // It reads what the bootstrap has made.
  const packages = await import('./packages.mjs');
  const platform = thisPlatform();
  mkdirSync(releaseTarballs, { recursive: true });
  const made = [await packOne('gptorch', packages.stageGptorch)];
  if (platform === undefined)
    write('no packages of compiled code for this platform: see scripts/release/platforms.mjs');
  else {
    made.push(await packOne('addon', (folder) => packages.stageAddon(folder, platform)));
    made.push(await packLibtorch((folder) => packages.stageLibtorch(folder, platform)));
    made.push(await packOne('cuda', (folder) => packages.stageCuda(folder, platform)));
  }
  return made.filter((tarball) => tarball !== undefined);
}

/** The same libtorch gives the same tarball; packing it takes most of the time. */
async function packLibtorch(stage) {
  const { folder } = builtAgainst();
  const stampFile = join(releaseTarballs, '.libtorch.json');
  const recipe = ['packages.mjs', 'platforms.mjs', 'strip.mjs', 'licences'];
  const hash = hashInputs(folder, ['lib', 'version.py'], [hashInputs(import.meta.dirname, recipe)]);
  const record = join(releaseTarballs, 'libtorch.json');
  if (isDone(stampFile, hash)) return JSON.parse(readFileSync(record, 'utf8'));
  const tarball = await packOne('libtorch', stage);
  writeFileSync(record, JSON.stringify(tarball));
  markDone(stampFile, hash, [record, join(releaseTarballs, tarball.file)]);
  return tarball;
}

/** npm sorts a tarball's files and gives them one date, so that the same files make the same tarball. */
async function packOne(name, stage) {
  const { emptyFolder } = await import('./packages.mjs');
  const folder = join(releaseTarballs, 'stage', name);
  emptyFolder(folder);
  if ((await stage(folder)) === false) {
    write(`${name}: skipped, build/cuda/Release holds no libgptorch_ops_cuda.so (npm run build:cuda makes it)`);
    return undefined;
  }
  return step('pack', name, async () => {
    const args = ['pack', folder, '--pack-destination', releaseTarballs, '--json', '--ignore-scripts', '--silent'];
    const { stdout } = await promisify(execFile)('npm', args, { maxBuffer: 1e8 });
    const [{ name: id, version, filename, size, unpackedSize }] = Object.values(JSON.parse(stdout));
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return { name: id, version, file: filename, packed: size, unpacked: unpackedSize, manifest };
  });
}

/** @param {Awaited<ReturnType<typeof pack>>} tarballs */
export function table(tarballs) {
  const rows = tarballs.map(({ name, version, packed, unpacked, manifest }) => {
    const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e6 ? 2 : 1)} MB`;
    const needs = Object.entries(manifest.gptorch?.floor ?? {}).map((pair) => pair.join(' '));
    return [`${name}@${version}`, megabytes(packed), megabytes(unpacked), needs.join(', ') || '-'];
  });
  const lines = [['package', 'packed', 'unpacked', 'needs at most'], ['---', '---', '---', '---'], ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

if (isMain(import.meta.url)) await pack().then((tarballs) => console.log(table(tarballs)), fail);
