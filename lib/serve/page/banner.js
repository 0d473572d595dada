import { text } from './texts.js';

const banner = document.querySelector('#banner');
const action = document.querySelector('#banner-action');

document.querySelector('#banner-close').addEventListener('click', hideError);

/**
 * Says what went wrong.
 * @param {{ kind?: string, message: string }} error
 * @param {{ enterKey: () => void, retry?: () => void }} options what the reader can do about it
 */
export function showError(error, { enterKey, retry }) {
  const words = { key: 'needKey', offline: 'offline', broken: 'broken' }[error.kind];
  document.querySelector('#banner-text').textContent = words ? text(words) : text('failed', error.message);
  const needsKey = error.kind === 'key';
  action.hidden = !needsKey && retry === undefined;
  action.textContent = text(needsKey ? 'enterKey' : 'retry');
  action.onclick = needsKey ? enterKey : retry;
  banner.hidden = false;
}

export function hideError() {
  banner.hidden = true;
}
