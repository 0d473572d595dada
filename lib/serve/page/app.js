import { listModels, stream } from './api.js';
import { hideError, showError } from './banner.js';
import { addTurn, showDialogue, toEnd } from './log-view.js';
import { showChoice, showModel } from './model-view.js';
import { setUpSettings } from './settings-view.js';
import { loadDialogue, loadKey, loadSettings, saveDialogue, saveKey, saveSettings } from './store.js';
import { label, localeOf, text, translate } from './texts.js';

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
  showChoice(models, settings.model);
  showModel(model()?.gptorch, isChat());
  if (running === undefined) showTurns();
}

function showTurns() {
  showDialogue(turns, { chat: isChat(), onAgain });
  $('welcome').hidden = turns.length > 0;
}

function tellError(error, retry) {
  showError(error, { enterKey: () => settingsView.open('apiKey'), retry });
}

// ---- models

async function connect() {
  try {
    models = await listModels(key);
    hideError();
  } catch (error) {
    models = [];
    tellError(error, connect);
  }
  if (model() === undefined) settings.model = models[0]?.id ?? settings.model;
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
    if (!controller.signal.aborted) tellError(error, onAgain);
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
  // Another kind of model may have been chosen meanwhile.
  if (chat !== isChat()) showTurns();
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
addEventListener('pagehide', () => saveDialogue(turns));

label($('log'), text('dialogue'));
applySettings();
connect();
if (matchMedia('(pointer: fine)').matches) input.focus();
