import { number, text } from './texts.js';

const [choice, input, facts] = ['model', 'input', 'facts'].map((id) => document.querySelector(`#${id}`));

/** Offers models to choose from. */
export function showChoice(models, chosen) {
  choice.replaceChildren(...models.map(({ id }) => new Option(id, id)));
  if (models.length === 0) choice.replaceChildren(new Option(text('noModel'), ''));
  else choice.value = chosen;
  choice.disabled = models.length < 2;
}

/**
 * Says what the model is and what it does with a text.
 * @param {object | undefined} about what the server tells of it
 * @param {boolean} chat
 */
export function showModel(about, chat) {
  const kind = chat ? 'chat' : 'completion';
  document.querySelector('#welcome-title').textContent = text(`${kind}Title`);
  document.querySelector('#welcome-text').textContent = text(`${kind}Text`);
  document.querySelector('#input-label').textContent = text(`${kind}Input`);
  input.placeholder = text(`${kind}Placeholder`);
  facts.replaceChildren();
  if (about === undefined) return;
  fact('parameters', number(about.parameters, { notation: 'compact', maximumFractionDigits: 1 }));
  fact('context', number(about.context_length));
  fact('vocabulary', number(about.vocabulary));
}

function fact(name, value) {
  const [group, term, detail] = ['div', 'dt', 'dd'].map((tag) => document.createElement(tag));
  term.textContent = text(name);
  detail.textContent = value;
  group.append(term, detail);
  facts.append(group);
}
