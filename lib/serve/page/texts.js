/** All words of the page. A function makes a sentence of what it is given. */
const texts = {
  en: {
    model: 'Model',
    noModel: 'no model',
    newChat: 'New chat',
    settings: 'Settings',
    switchLanguage: 'Switch to Chinese',
    otherLanguage: '中文',
    dialogue: 'Dialogue',
    chatTitle: 'Talk to the model',
    chatText: 'It was trained on dialogues and answers as the other speaker.',
    completionTitle: 'Have a text continued',
    completionText: 'This model was not trained on dialogues: it goes on from what you write, each time anew.',
    parameters: 'Parameters',
    context: 'Context',
    vocabulary: 'Vocabulary',
    chatInput: 'Message',
    completionInput: 'Text to continue',
    chatPlaceholder: 'Write a message',
    completionPlaceholder: 'Write the beginning of a text',
    hint: 'Enter sends, Shift + Enter begins a new line',
    send: 'Send',
    stop: 'Stop',
    you: 'You',
    answer: 'Model',
    copy: 'Copy',
    copied: 'Copied',
    again: 'Answer again',
    retry: 'Try again',
    toEnd: 'Go to the end',
    close: 'Close',
    speed: (tokens, rate) => `${tokens} ${tokens === 1 ? 'token' : 'tokens'} · ${rate} tokens/s`,
    stopped: 'stopped',
    cut: 'length limit reached',
    empty: 'The model ended its answer at once.',
    temperature: 'Temperature',
    temperatureHelp: '0 always takes the most likely token; higher is more varied.',
    topP: 'Top-p',
    topPHelp: 'Draws from the most likely tokens that together have this probability.',
    maxTokens: 'Most tokens',
    seed: 'Seed',
    random: 'random',
    language: 'Language',
    theme: 'Appearance',
    auto: 'As the system',
    light: 'Light',
    dark: 'Dark',
    apiKey: 'API key',
    apiKeyHelp: 'Only where the server asks for one. Kept until this tab is closed.',
    defaults: 'Reset',
    done: 'Done',
    needKey: 'This server asks for an API key.',
    enterKey: 'Enter key',
    offline: 'The server cannot be reached.',
    broken: 'The connection broke off in mid-answer.',
    failed: (message) => `The server answered: ${message}`,
  },
  zh: {
    model: '模型',
    noModel: '没有模型',
    newChat: '新对话',
    settings: '设置',
    switchLanguage: '切换到英文',
    otherLanguage: 'English',
    dialogue: '对话',
    chatTitle: '和模型聊聊',
    chatText: '它是用对话训练的，会以另一位说话者的身份回答。',
    completionTitle: '让模型续写',
    completionText: '这个模型没有用对话训练过：它会接着您写的内容往下写，每次都从头开始。',
    parameters: '参数',
    context: '上下文',
    vocabulary: '词表',
    chatInput: '消息',
    completionInput: '要续写的文字',
    chatPlaceholder: '写一条消息',
    completionPlaceholder: '写一段文字的开头',
    hint: '按 Enter 发送，按 Shift + Enter 换行',
    send: '发送',
    stop: '停止',
    you: '您',
    answer: '模型',
    copy: '复制',
    copied: '已复制',
    again: '重新回答',
    retry: '重试',
    toEnd: '到末尾',
    close: '关闭',
    speed: (tokens, rate) => `${tokens} 个词元 · 每秒 ${rate} 个`,
    stopped: '已停止',
    cut: '已到长度上限',
    empty: '模型没有说什么就结束了回答。',
    temperature: '温度',
    temperatureHelp: '0 总是选最可能的词元；越高越多样。',
    topP: 'Top-p',
    topPHelp: '只从合计达到这一概率的最可能词元中抽取。',
    maxTokens: '最多词元',
    seed: '随机种子',
    random: '随机',
    language: '语言',
    theme: '外观',
    auto: '跟随系统',
    light: '浅色',
    dark: '深色',
    apiKey: 'API 密钥',
    apiKeyHelp: '仅在服务器要求时需要。保留到关闭此标签页为止。',
    defaults: '恢复默认',
    done: '完成',
    needKey: '此服务器要求 API 密钥。',
    enterKey: '输入密钥',
    offline: '无法连接服务器。',
    broken: '回答中途连接断开。',
    failed: (message) => `服务器答复：${message}`,
  },
};

/** The language that a setting stands for. */
export function localeOf(setting) {
  if (setting === 'en' || setting === 'zh') return setting;
  return /^zh\b/i.test(navigator.language) ? 'zh' : 'en';
}

let current = 'en';

export function text(name, ...values) {
  const found = texts[current][name];
  return typeof found === 'function' ? found(...values) : found;
}

/** Writes every fixed text of the page in a language. */
export function translate(locale) {
  current = locale;
  document.documentElement.lang = locale === 'zh' ? 'zh-CN' : 'en';
  for (const element of document.querySelectorAll('[data-text]')) element.textContent = text(element.dataset.text);
  for (const element of document.querySelectorAll('[data-placeholder]')) {
    element.placeholder = text(element.dataset.placeholder);
  }
  for (const element of document.querySelectorAll('[data-label]')) label(element, text(element.dataset.label));
}

/** A name for what shows none, and the same as a tooltip. */
export function label(element, words) {
  element.setAttribute('aria-label', words);
  if (element instanceof HTMLButtonElement) element.title = words;
}

/** A number as the language writes it. */
export function number(value, options) {
  return value.toLocaleString(current === 'zh' ? 'zh-CN' : 'en', options);
}
