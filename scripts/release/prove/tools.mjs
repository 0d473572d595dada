// What the proof needs beside gptorch, at versions that were tried: fetched when it runs, so that a checkout need not install them.

/** Tools that npm fetches and runs. */
export const tools = { pnpm: '10.34.9', publint: '0.3.25', '@arethetypeswrong/cli': '0.18.5' };

/** Packages that a user's project has beside gptorch. */
export const projectPackages = ['esbuild@0.28.2', 'typescript@5.9.3', '@types/node@20.19.0'];
