import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { reportError } from '../../../lib/cli/report-error.js';
import { DeviceError, EngineError, InputError } from '../../../lib/errors.js';

function report(error: unknown, verbose = false): { code: number; text: string } {
  let text = '';
  const code = reportError(error, verbose, (piece) => {
    text += piece;
    return true;
  });
  return { code, text };
}

describe('reportError', () => {
  it.each([
    [new InputError('bad file'), 2],
    [new DeviceError('no such device'), 2],
    [new EngineError('kernel failed'), 1],
    [new Error('disk full'), 1],
    ['a string', 1],
  ])('gives %s the exit code %i and one line', (error, code) => {
    const result = report(error);
    expect(result.code).toBe(code);
    expect(result.text.match(/\n/g)).toHaveLength(1);
  });

  it('joins a message of several lines to one', () => {
    expect(report(new InputError('first\n  second\nthird\n')).text).toBe('gptorch: first second third\n');
  });

  it('shows stacks and causes only when verbose', () => {
    const error = new InputError('outer', { cause: new Error('inner') });
    expect(report(error).text).not.toContain('at ');
    expect(report(error, true).text).toMatch(/at [\s\S]*caused by Error: inner\n\s+at /);
  });

  it('leaves the message to commander, which has written it', () => {
    expect(report(new CommanderError(1, 'commander.unknownOption', 'unknown option'))).toEqual({ code: 2, text: '' });
    expect(report(new CommanderError(0, 'commander.helpDisplayed', 'help'))).toEqual({ code: 0, text: '' });
  });
});
