import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface CodeBlock {
  language: string;
  code: string;
  /** Why it is not to be run: what `<!-- no-run: reason -->` on the line before it says. */
  noRun?: string;
}

/** The fenced blocks of a Markdown text. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const fenced = /(?:<!-- no-run: (.+) -->\n)?^```(\w+)\n([\s\S]*?)^```$/gm;
  return [...markdown.matchAll(fenced)].map(([, noRun, language = '', code = '']) => ({
    ...(noRun === undefined ? {} : { noRun }),
    language,
    code,
  }));
}

/** A program of TypeScript that imports gptorch. */
export interface Example {
  /** What the type checker finds wrong. */
  problems: string[];
  /** Runs it in a folder; its stdout. */
  run(folder: string): Promise<string>;
}

/** Type-checks and compiles a program. @param name of its file, unlike those of other examples */
export async function compileExample(name: string, code: string): Promise<Example> {
  // Inside the package, so that `import … from 'gptorch'` means this checkout.
  const folder = join(root, 'build', 'examples');
  await mkdir(folder, { recursive: true });
  // An ES module, whatever a package.json on the way says.
  const source = join(folder, `${name}.mts`);
  await writeFile(source, code);
  const options: ts.CompilerOptions = {
    ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext },
    ...{ moduleResolution: ts.ModuleResolutionKind.NodeNext, strict: true, skipLibCheck: true, types: ['node'] },
  };
  const program = ts.createProgram([source], options);
  const problems = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
  return {
    problems: problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
    run: async (cwd) => (await promisify(execFile)(process.execPath, [join(folder, `${name}.mjs`)], { cwd })).stdout,
  };
}

/** A text for examples that read `input.txt`. */
export const inputText = 'ROMEO: To be the cat, or not to be; it sat on the mat, and the dog sat on the log. '.repeat(
  60,
);

/** The dialogues that gptorch brings, for examples that read `dialogues.txt`. */
export function bundledDialogues(): string {
  const folder = join(root, 'models', 'chat-zh-small', 'dialogues');
  return readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n\n');
}
