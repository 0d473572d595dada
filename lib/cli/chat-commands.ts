import type { ChatSession } from '../chat/index.js';

const HELP = `/reset    begins a new dialogue
/history  shows what the model remembers of this one
/help     shows this
/exit     ends the chat`;

interface Surroundings {
  tell(text: string): Promise<void>;
  /** A person is there, to be told that a command was done. */
  isTerminal: boolean;
}

/** Runs what begins with a slash and looks like a command. `message`: it is one for the model. */
export async function runCommand(
  text: string,
  session: ChatSession,
  { tell, isTerminal }: Surroundings,
): Promise<'done' | 'exit' | 'message'> {
  const [, name] = /^\/([a-z]+)$/i.exec(text) ?? [];
  switch (name?.toLowerCase()) {
    case undefined:
      return 'message';
    case 'exit':
    case 'quit':
      return 'exit';
    case 'reset':
      session.reset();
      if (isTerminal) await tell('a new dialogue');
      return 'done';
    case 'history':
      await tell(describeHistory(session));
      return 'done';
    case 'help':
      await tell(HELP);
      return 'done';
    default:
      await tell(`unknown command ${text}; /help lists the commands`);
      return 'done';
  }
}

/** Turns are counted from the newest back: after a cut the oldest may be an answer. */
function describeHistory(session: ChatSession): string {
  const turns = session.transcript();
  if (turns.length === 0) return 'nothing yet';
  const speaker = (index: number) => ((turns.length - index) % 2 === 0 ? 'you:  ' : 'model:');
  return turns.map((turn, index) => `${speaker(index)} ${turn}`).join('\n');
}
