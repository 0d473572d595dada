import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DEMO_PROMPTS, unseenPrompts } from '../../../lib/cli/demo-prompts.js';
import { presetFolder } from '../../../lib/config/index.js';
import { readDialogues } from '../../../lib/data/index.js';

it('asks only what no bundled dialogue has', async () => {
  const folder = join(presetFolder, 'chat-zh-small/dialogues');
  const dialogues = await readDialogues(readdirSync(folder).map((name) => join(folder, name)));
  const utterances = dialogues.flatMap((dialogue) => dialogue.utterances);
  expect(utterances.length).toBeGreaterThan(1000);
  expect(unseenPrompts(utterances)).toEqual(DEMO_PROMPTS);
});

it('leaves out a prompt that is in the training data', () => {
  expect(unseenPrompts(['b'], ['a', 'b', 'c'])).toEqual(['a', 'c']);
});
