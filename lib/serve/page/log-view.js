import { label, number, text } from './texts.js';

const log = document.querySelector('#log');
const scroller = document.querySelector('#scroller');
const jump = document.querySelector('#jump');

/** The reader is at the end and wants to stay there. */
let follows = true;

scroller.addEventListener('scroll', () => {
  follows = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 48;
  jump.hidden = follows;
});
jump.addEventListener('click', () => toEnd());

export function toEnd() {
  follows = true;
  scroller.scrollTop = scroller.scrollHeight;
}

function keepAtEnd() {
  if (follows) scroller.scrollTop = scroller.scrollHeight;
  jump.hidden = follows;
}

/**
 * Shows a dialogue from the beginning.
 * @param {object[]} turns
 * @param {{ chat: boolean, onAgain: () => void }} options
 */
export function showDialogue(turns, options) {
  log.replaceChildren(...turns.map((turn) => makeTurn(turn, options).element));
  markLast();
  toEnd();
}

/** Adds a turn; what is returned keeps it up to date. */
export function addTurn(turn, options) {
  const made = makeTurn(turn, options);
  log.append(made.element);
  markLast();
  keepAtEnd();
  return made;
}

/** Only the last answer can be given again. */
function markLast() {
  for (const button of log.querySelectorAll('.again'))
    button.hidden = button.closest('article') !== log.lastElementChild;
}

function makeTurn(turn, { chat, onAgain }) {
  const element = document.createElement('article');
  const isAnswer = turn.role === 'assistant';
  element.className = isAnswer ? 'turn answer' : 'turn question';
  if (!chat) element.classList.add('text');
  label(element, text(isAnswer ? 'answer' : 'you'));
  const content = document.createElement('div');
  content.className = 'content';
  content.dir = 'auto';
  const written = document.createTextNode(turn.content);
  content.append(written);
  element.append(content);
  const note = document.createElement('p');
  note.className = 'note';
  const tools = document.createElement('div');
  tools.className = 'tools';
  if (isAnswer) {
    tools.append(copyButton(turn), againButton(onAgain), note);
    element.append(tools);
  }
  const refresh = () => {
    note.textContent = describe(turn);
    element.classList.toggle(
      'silent',
      isAnswer && turn.content === '' && turn.note !== undefined && turn.note.end !== 'stopped',
    );
    if (element.classList.contains('silent')) content.dataset.empty = text('empty');
  };
  refresh();
  let pending = '';
  const flush = () => {
    if (pending === '') return;
    written.appendData(pending);
    pending = '';
    keepAtEnd();
  };
  return {
    element,
    /** More of the answer has come; it is shown with the next frame, however many pieces come in between. */
    append(piece) {
      if (pending === '') requestAnimationFrame(flush);
      pending += piece;
    },
    /** While an answer comes, it is not read out. */
    busy(isBusy) {
      flush();
      element.classList.toggle('busy', isBusy);
      element.setAttribute('aria-busy', String(isBusy));
      refresh();
      keepAtEnd();
    },
  };
}

function describe({ note }) {
  if (note === undefined) return '';
  const parts = [];
  if (note.tokens > 0 && note.rate > 0) parts.push(text('speed', number(note.tokens), number(Math.round(note.rate))));
  if (note.end === 'length') parts.push(text('cut'));
  if (note.end === 'stopped') parts.push(text('stopped'));
  return parts.join(' · ');
}

function tool(name, words) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'icon small';
  button.append(icon(name));
  label(button, words);
  return button;
}

export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
}

function copyButton(turn) {
  const button = tool('copy', text('copy'));
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(turn.content);
    } catch {
      return; // The browser does not allow it here.
    }
    button.replaceChildren(icon('done'));
    label(button, text('copied'));
    setTimeout(() => {
      button.replaceChildren(icon('copy'));
      label(button, text('copy'));
    }, 1500);
  });
  return button;
}

function againButton(onAgain) {
  const button = tool('again', text('again'));
  button.classList.add('again');
  button.addEventListener('click', onAgain);
  return button;
}
