/** Dialogues with a model: what of their history is read, and answers. */

export { ChatHistory } from './chat-history.js';
export { ChatSession, GREEDY, type ReplyOptions } from './chat-session.js';
