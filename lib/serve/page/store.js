/** What the page remembers: settings and the dialogue in this browser, the key in this tab. */

export const DEFAULTS = {
  temperature: 0.8,
  topP: 0.95,
  maxTokens: 200,
  seed: null,
  locale: 'auto',
  theme: 'auto',
  model: '',
};

const SETTINGS = 'gptorch.settings';
const DIALOGUE = 'gptorch.dialogue';
const KEY = 'gptorch.key';

function read(key, fallback) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? fallback;
  } catch {
    return fallback;
  }
}

function write(storage, key, value) {
  try {
    storage.setItem(key, value);
  } catch {
    // Full or closed: the page works without, it only forgets.
  }
}

export function loadSettings() {
  return { ...DEFAULTS, ...read(SETTINGS, {}) };
}

export function saveSettings(settings) {
  write(localStorage, SETTINGS, JSON.stringify(settings));
}

/** @returns {{ role: 'user' | 'assistant', content: string, note?: object }[]} */
export function loadDialogue() {
  const turns = read(DIALOGUE, []);
  const isTurn = (turn) => typeof turn?.content === 'string' && (turn.role === 'user' || turn.role === 'assistant');
  return Array.isArray(turns) && turns.every(isTurn) ? turns : [];
}

export function saveDialogue(turns) {
  write(localStorage, DIALOGUE, JSON.stringify(turns));
}

export function loadKey() {
  try {
    return sessionStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

export function saveKey(key) {
  write(sessionStorage, KEY, key);
}
