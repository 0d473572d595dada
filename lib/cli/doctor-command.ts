import type { Command } from 'commander';

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('what gptorch finds on this machine, and whether its addon loads')
    .option('--json', 'as one JSON line')
    .option('--verbose', 'stack traces of errors')
    .action(async (options: { json?: boolean }) => {
      const { doctor } = await import('./doctor.js');
      await doctor({ json: options.json === true });
    });
}
