import { DEFAULTS } from './store.js';
import { number } from './texts.js';

const dialog = document.querySelector('#settings');
const form = document.querySelector('#settings-form');
const fields = Object.fromEntries(
  ['temperature', 'topP', 'maxTokens', 'seed', 'locale', 'theme', 'apiKey'].map((id) => [
    id,
    document.querySelector(`#${id}`),
  ]),
);

/**
 * Lets a dialog change settings, each as soon as it is changed.
 * @param {object} settings is changed in place
 * @param {{ key: () => string, onChange: () => void, onKey: (key: string) => void }} options
 */
export function setUpSettings(settings, { key, onChange, onKey }) {
  const show = () => {
    for (const name of ['temperature', 'topP', 'maxTokens', 'seed', 'locale', 'theme']) {
      fields[name].value = settings[name] ?? '';
    }
    fields.apiKey.value = key();
    showValues();
  };
  const showValues = () => {
    for (const name of ['temperature', 'topP']) {
      document.querySelector(`#${name}-value`).textContent = number(settings[name], { minimumFractionDigits: 2 });
    }
  };
  const change = (name, value) => {
    settings[name] = value;
    onChange();
    showValues();
  };
  for (const name of ['temperature', 'topP']) {
    fields[name].addEventListener('input', () => change(name, fields[name].valueAsNumber));
  }
  fields.maxTokens.addEventListener('input', () => {
    if (fields.maxTokens.validity.valid) change('maxTokens', fields.maxTokens.valueAsNumber);
  });
  fields.seed.addEventListener('input', () => {
    if (fields.seed.validity.valid) change('seed', fields.seed.value === '' ? null : fields.seed.valueAsNumber);
  });
  for (const name of ['locale', 'theme'])
    fields[name].addEventListener('change', () => change(name, fields[name].value));
  fields.apiKey.addEventListener('change', () => onKey(fields.apiKey.value.trim()));
  document.querySelector('#defaults').addEventListener('click', () => {
    Object.assign(settings, DEFAULTS, { model: settings.model });
    onChange();
    show();
  });
  form.addEventListener('submit', () => onKey(fields.apiKey.value.trim()));
  // A click beside the dialog closes it, as Escape does.
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  return {
    open(field = 'temperature') {
      show();
      dialog.showModal();
      fields[field].focus();
    },
    showValues,
  };
}
