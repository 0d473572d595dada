import { ChatSession, type ReplyOptions } from '../chat/index.js';
import { InputError } from '../errors.js';
import { type LoadedModel, needTokenizer } from './load-model.js';

/** @throws InputError when the model was not trained on dialogues. */
export function openChat(loaded: LoadedModel, folder: string, options: ReplyOptions): ChatSession {
  const tokenizer = needTokenizer(loaded, folder, 'chat needs one');
  const separator = tokenizer.tokenId('<sep>');
  if (separator !== undefined) return new ChatSession(loaded.model, tokenizer, separator, options);
  throw new InputError(
    `${folder}: no chat model, its vocabulary has no <sep> to end a turn with; gptorch generate continues a text, ` +
      'gptorch pretrain --config chat-zh-small trains a chat model',
  );
}
