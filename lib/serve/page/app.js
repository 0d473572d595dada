import { listModels, stream } from './api.js';
import { addTurn, showDialogue, toEnd } from './log-view.js';
import { setUpSettings } from './settings-view.js';
import { loadDialogue, loadKey, loadSettings, saveDialogue, saveKey, saveSettings } from './store.js';
import { label, localeOf, number, text, translate } from './texts.js';

const $ = (id) => document.querySelector(`#${id}`);
const [input, send, stop] = [$('input'), $('send'), $('stop')];

const settings = loadSettings();
let turns = loadDialogue();
let key = loadKey();
let models = [];
/** Of the answer that is coming. */
let running;

const model = () => models.find(({ id }) => id === settings.model);
const isChat = () => model()?.gptorch.chat ?? true;

// ---- words and looks

function applySettings() {
  saveSettings(settings);
  if (settings.theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = settings.theme;
  translate(localeOf(settings.locale));
  $('language').textContent = text('otherLanguage');
  settingsView.showValues();
  showModel();
  if (running === undefined) showTurns();
}

function showModel() {
  const about = model()?.gptorch;
  const kind = isChat() ? 'chat' : 'completion';
  $('welcome-title').textContent = text(`${kind}Title`);
  $('welcome-text').textContent = text(`${kind}Text`);
  $('input-label').textContent = text(`${kind}Input`);
  input.placeholder = text(`${kind}Placeholder`);
  $('facts').replaceChildren();
  if (about) {
    const compact = { notation: 'compact', maximumFractionDigits: 1 };
    fact('parameters', number(about.parameters, compact));
    fact('context', number(about.context_length));
    fact('vocabulary', number(about.vocabulary));
  }
  if (models.length === 0) $('model').replaceChildren(new Option(text('noModel'), ''));
}

function fact(name, value) {
  const [group, term, detail] = ['div', 'dt', 'dd'].map((tag) => document.createElement(tag));
  term.textContent = text(name);
  detail.textContent = value;
  group.append(term, detail);
  $('facts').append(group);
}

function showTurns() {
  showDialogue(turns, { chat: isChat(), onAgain });
  $('welcome').hidden = turns.length > 0;
}

// ---- what went wrong

function showError(error, retry) {
  const words = { key: 'needKey', offline: 'offline', broken: 'broken' }[error.kind];
  $('banner-text').textContent = words ? text(words) : text('failed', error.message);
  const action = $('banner-action');
  action.hidden = error.kind !== 'key' && retry === undefined;
  action.textContent = text(error.kind === 'key' ? 'enterKey' : 'retry');
  action.onclick = error.kind === 'key' ? () => settingsView.open('apiKey') : retry;
  $('banner').hidden = false;
}

function hideError() {
  $('banner').hidden = true;
}

// ---- models

async function connect() {
  try {
    models = await listModels(key);
    hideError();
  } catch (error) {
    models = [];
    showError(error, connect);
  }
  if (model() === undefined) settings.model = models[0]?.id ?? settings.model;
  const choice = $('model');
  choice.replaceChildren(...models.map(({ id }) => new Option(id, id)));
  choice.value = settings.model;
  choice.disabled = models.length < 2;
  applySettings();
  updateSend();
}

// ---- answers

async function answer() {
  hideError();
  const controller = new AbortController();
  running = controller;
  updateSend();
  const chat = isChat();
  const turn = { role: 'assistant', content: '' };
  const question = turns.at(-1)?.content ?? '';
  const messages = turns.map(({ role, content }) => ({ role, content }));
  turns.push(turn);
  $('welcome').hidden = true;
  const view = addTurn(turn, { chat, onAgain });
  view.busy(true);
  toEnd();
  const begin = performance.now();
  let tokens = 0;
  let end = 'stopped';
  let saved = 0;
  try {
    const { temperature, topP, maxTokens, seed } = settings;
    const body = {
      ...{ model: settings.model, temperature, top_p: topP, max_tokens: maxTokens },
      ...(seed === null ? {} : { seed }),
      ...(chat ? { messages } : { prompt: question }),
    };
    for await (const event of stream({ chat, body, key, signal: controller.signal })) {
      if (event.text) {
        turn.content += event.text;
        view.append(event.text);
        if (performance.now() - saved > 300) {
          saveDialogue(turns);
          saved = performance.now();
        }
      }
      if (event.finishReason) end = event.finishReason;
      if (event.tokens !== undefined) tokens = event.tokens;
    }
  } catch (error) {
    if (!controller.signal.aborted) showError(error, onAgain);
    if (turn.content === '' && !controller.signal.aborted) {
      turns.pop();
      view.element.remove();
    }
  }
  turn.note = { tokens, rate: (1000 * tokens) / (performance.now() - begin), end };
  running = undefined;
  saveDialogue(turns);
  view.busy(false);
  updateSend();
}

/** The last answer once more. */
function onAgain() {
  if (running) return;
  if (turns.at(-1)?.role === 'assistant') turns.pop();
  if (turns.length === 0) return;
  showTurns();
  answer();
}

function submit() {
  const content = input.value.trim();
  if (content === '' || running || model() === undefined) return;
  const turn = { role: 'user', content };
  turns.push(turn);
  saveDialogue(turns);
  addTurn(turn, { chat: isChat(), onAgain });
  input.value = '';
  answer();
}

function updateSend() {
  const hadFocus = document.activeElement === send || document.activeElement === stop;
  send.hidden = running !== undefined;
  stop.hidden = running === undefined;
  send.disabled = input.value.trim() === '' || model() === undefined;
  if (hadFocus) (running ? stop : input).focus();
}

// ---- events

const settingsView = setUpSettings(settings, {
  key: () => key,
  onChange: applySettings,
  onKey(given) {
    if (given === key) return;
    key = given;
    saveKey(key);
    connect();
  },
});

$('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  submit();
});
input.addEventListener('input', updateSend);
input.addEventListener('keydown', (event) => {
  // An Enter that ends an input method's composition is none of ours (229: Safari).
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  submit();
});
stop.addEventListener('click', () => {
  running?.abort();
  input.focus();
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !$('settings').open) running?.abort();
});
$('new').addEventListener('click', () => {
  running?.abort();
  turns = [];
  saveDialogue(turns);
  hideError();
  showTurns();
  input.focus();
});
$('model').addEventListener('change', (event) => {
  settings.model = event.target.value;
  running?.abort();
  applySettings();
  updateSend();
});
$('open-settings').addEventListener('click', () => settingsView.open());
$('language').addEventListener('click', () => {
  settings.locale = localeOf(settings.locale) === 'zh' ? 'en' : 'zh';
  applySettings();
});
$('banner-close').addEventListener('click', hideError);
addEventListener('pagehide', () => saveDialogue(turns));

label($('log'), text('dialogue'));
applySettings();
connect();
if (matchMedia('(pointer: fine)').matches) input.focus();
