import { cpSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { filesUnder } from './stamp.mjs';

/** What `require` finds; the rest of lib/ is in chunks beside them. `gptorch/testing/vitest` needs none: Vitest runs ES modules. */
const entries = ['index', 'testing/index', 'testing/jest'];

/**
 * Makes `cjs/` in a compiled lib/: the same modules for module systems that cannot `require` an ES module (Jest's; Node's can).
 * d3 is put in, because it has no CommonJS form.
 *
 * @param {string} dist
 */
export async function buildCommonJs(dist) {
  // Not before npm's packages are there.
  const { build } = await import('vite');
  const folder = join(dist, 'cjs');
  await build({
    configFile: false,
    root: dist,
    logLevel: 'warn',
    plugins: [{ name: 'file-url', resolveImportMeta }],
    ssr: { noExternal: [/^d3-/, 'internmap'] },
    build: {
      ssr: true,
      target: 'node20',
      outDir: folder,
      minify: false,
      rollupOptions: {
        input: Object.fromEntries(entries.map((name) => [name, join(dist, `${name}.js`)])),
        output: {
          format: 'cjs',
          exports: 'named',
          entryFileNames: '[name].js',
          // Beside index.js: as far below the package as lib/addon is, which finds its files from there.
          chunkFileNames: '[name].js',
        },
      },
    },
  });
  // Beside this package.json the same declarations mean CommonJS modules.
  for (const file of filesUnder(dist).filter((path) => path.endsWith('.d.ts'))) {
    cpSync(file, join(folder, relative(dist, file)));
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n');
}

function resolveImportMeta(property) {
  return property === 'url' ? `require('node:url').pathToFileURL(__filename).href` : null;
}
