import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, NO_CHROMIUM } from './chromium.js';
import { makeModel, metric, type Running, serve, until } from './serving.js';

const chromium = findChromium();

describe.skipIf(chromium === undefined)(chromium === undefined ? `the page (${NO_CHROMIUM})` : 'the page', () => {
  let browser: Browser;
  let running: Running;
  let context: BrowserContext | undefined;
  /** What the browser complains of. */
  let complaints: string[];

  beforeAll(async () => {
    const { chromium: launcher } = await import('playwright-core');
    browser = await launcher.launch({ executablePath: chromium, args: ['--no-sandbox'] });
    const config = { contextLength: 16_384, layers: 6, width: 128, heads: 4 };
    running = await serve({
      models: [makeModel('chat', { config }), makeModel('plain', { chat: false, config })],
    });
  });
  afterEach(async () => {
    await context?.close();
    expect(complaints).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await running?.close();
  });

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    context = await browser.newContext({ locale: 'en-US', ...options });
    const page = await context.newPage();
    complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      // A refused request is told in the page itself.
      const isRefusal = message.text().includes('Failed to load resource');
      if (message.type() === 'error' && !isRefusal) complaints.push(message.text());
    });
    await page.goto(running.url);
    await page.getByText('Parameters').or(page.getByText('参数')).waitFor();
    return page;
  }

  const input = (page: Page) => page.locator('#input');
  const answers = (page: Page) => page.locator('.answer .content');
  const finished = (page: Page) => page.locator('#stop').waitFor({ state: 'hidden' });

  /** Settings as the page keeps them, before it is opened. */
  async function remember(page: Page, settings: object): Promise<void> {
    await page.evaluate(`localStorage.setItem('gptorch.settings', ${JSON.stringify(JSON.stringify(settings))})`);
    await page.reload();
    await page.locator('#send').waitFor();
  }

  it('answers what is typed, as the API does, and remembers the dialogue', async () => {
    const page = await open();
    await remember(page, { temperature: 0, maxTokens: 20 });
    await input(page).fill('hello');
    await input(page).press('Enter');
    await finished(page);
    const messages = [{ role: 'user' as const, content: 'hello' }];
    const options = { model: 'chat', temperature: 0, top_p: 0.95, max_tokens: 20 };
    const first = await running.client.chat.completions.create({ ...options, messages });
    const said = first.choices[0]?.message.content ?? '';
    expect(await answers(page).textContent()).toBe(said);
    await input(page).fill('你好');
    await page.getByRole('button', { name: 'Send' }).click();
    await finished(page);
    const second = await running.client.chat.completions.create({
      ...options,
      messages: [...messages, { role: 'assistant', content: said }, { role: 'user', content: '你好' }],
    });
    expect(await answers(page).allTextContents()).toEqual([said, second.choices[0]?.message.content]);
    await page.reload();
    await page.locator('.turn').nth(3).waitFor();
    expect(await answers(page).allTextContents()).toEqual([said, second.choices[0]?.message.content]);
    await page.getByRole('button', { name: 'New chat' }).click();
    expect(await page.locator('.turn').count()).toBe(0);
    await page.getByRole('heading', { name: 'Talk to the model' }).waitFor();
  });

  it('shows an answer while it comes, and stops it', async () => {
    const page = await open();
    // A text ends only at its longest: a model of texts does not end one by itself.
    await remember(page, { model: 'plain', maxTokens: 16_000 });
    await input(page).fill('hello');
    await input(page).press('Enter');
    const length = async () => (await answers(page).textContent())?.length ?? 0;
    await until(async () => (await length()) > 0, 'the first characters');
    const before = await length();
    await until(async () => (await length()) > before, 'more of them');
    expect(await page.locator('.answer').getAttribute('aria-busy')).toBe('true');
    await page.getByRole('button', { name: 'Stop' }).click();
    await finished(page);
    await page.getByText('stopped').waitFor();
    const stopped = await length();
    expect(stopped).toBeLessThan(16_000);
    await until(async () => (await metric(running.url, 'gptorch_running')) === 0, 'the place is free', 3000);
    expect(await length()).toBe(stopped);
    // What has come stays, and can be asked for again.
    await page.reload();
    await answers(page).waitFor();
    expect(await length()).toBe(stopped);
    await page.getByRole('button', { name: 'Answer again' }).click();
    await page.keyboard.press('Escape');
    await finished(page);
  });

  it('takes Enter for sending, but not with Shift or while an input method composes', async () => {
    const page = await open();
    await input(page).fill('a');
    await input(page).press('Shift+Enter');
    await input(page).pressSequentially('b');
    expect(await input(page).inputValue()).toBe('a\nb');
    await input(page).dispatchEvent('keydown', { key: 'Enter', isComposing: true });
    expect(await page.locator('.turn').count()).toBe(0);
    await input(page).press('Enter');
    await page.locator('.question').waitFor();
    expect(await page.locator('.question .content').textContent()).toBe('a\nb');
    await page.keyboard.press('Escape');
    await finished(page);
  });

  it('speaks the browser’s language, and the other one when asked', async () => {
    const page = await open({ locale: 'zh-CN' });
    await page.getByRole('heading', { name: '和模型聊聊' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
    expect(await input(page).getAttribute('placeholder')).toBe('写一条消息');
    await page.getByRole('button', { name: '切换到英文' }).click();
    await page.getByRole('heading', { name: 'Talk to the model' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Talk to the model' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
  });

  it('continues texts with a model that was not trained on dialogues', async () => {
    const page = await open();
    await page.getByLabel('Model', { exact: true }).selectOption('plain');
    await page.getByRole('heading', { name: 'Have a text continued' }).waitFor();
    await remember(page, { model: 'plain', temperature: 0, maxTokens: 10 });
    await input(page).fill('hello ');
    await input(page).press('Enter');
    await finished(page);
    const ask = { model: 'plain', prompt: 'hello', temperature: 0, max_tokens: 10 };
    const { choices } = await running.client.completions.create(ask);
    expect(await answers(page).textContent()).toBe(choices[0]?.text);
  });

  it('fits a phone 360 pixels wide, with long words and open settings', async () => {
    const page = await open({ viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true });
    await remember(page, { maxTokens: 5 });
    await input(page).fill(`${'w'.repeat(200)} 你好`);
    await page.getByRole('button', { name: 'Send' }).tap();
    await finished(page);
    const width = () => page.evaluate('document.documentElement.scrollWidth');
    expect(await width()).toBe(360);
    await page.getByRole('button', { name: 'Settings' }).tap();
    const box = await page.getByRole('dialog').boundingBox();
    expect(box?.x).toBeGreaterThanOrEqual(0);
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(360);
    expect(await width()).toBe(360);
    for (const control of await page.getByRole('dialog').getByRole('slider').all()) {
      expect((await control.boundingBox())?.width).toBeGreaterThan(200);
    }
  });

  it('keeps settings, and follows a chosen appearance', async () => {
    const page = await open({ colorScheme: 'light' });
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await background();
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('Appearance').selectOption('dark');
    await page.getByLabel('Temperature').fill('1.5');
    await page.getByLabel('Seed').fill('7');
    await page.getByRole('button', { name: 'Done' }).click();
    const dark = await background();
    expect(dark).not.toBe(light);
    await page.reload();
    expect(await background()).toBe(dark);
    const asked = page.waitForRequest((request) => request.method() === 'POST');
    await input(page).fill('a');
    await input(page).press('Enter');
    expect((await asked).postDataJSON()).toMatchObject({ temperature: 1.5, seed: 7, stream: true });
    await page.keyboard.press('Escape');
    await finished(page);
  });

  it('says what went wrong, and asks for a key where one is needed', async () => {
    const model = makeModel('chat');
    const keyed = await serve({ models: [model], apiKey: 'secret' });
    try {
      const page = await open();
      await page.goto(keyed.url);
      await page.getByRole('alert').getByText('This server asks for an API key.').waitFor();
      await page.getByRole('button', { name: 'Enter key' }).click();
      await page.getByLabel('API key').fill('secret');
      await page.getByRole('button', { name: 'Done' }).click();
      await page.getByText('Parameters').waitFor();
      await page.getByRole('alert').waitFor({ state: 'hidden' });
      await remember(page, { maxTokens: 4096 * 1000 });
      await input(page).fill('a');
      await input(page).press('Enter');
      await finished(page);
      await keyed.app.shutDown(0);
      await input(page).fill('b');
      await input(page).press('Enter');
      await page.getByRole('alert').getByText('The server cannot be reached.').waitFor();
    } finally {
      await keyed.close();
    }
  });

  it('loads nothing from elsewhere and lets no foreign script run', async () => {
    const page = await open();
    const response = await page.reload();
    const policy = response?.headers()['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    const hosts = new Set<string>();
    page.on('request', (request) => hosts.add(new URL(request.url()).origin));
    await page.reload();
    await page.getByText('Parameters').waitFor();
    expect([...hosts]).toEqual([running.url]);
    // A text that looks like markup is text.
    await input(page).fill('<img src=x onerror="document.title = 1">');
    await input(page).press('Enter');
    expect(await page.locator('.question img').count()).toBe(0);
    expect(await page.title()).toBe('gptorch');
    await page.keyboard.press('Escape');
    await finished(page);
  });
});
