import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { DecoderStats } from '../decode/index.js';
import type { Places } from './places.js';
import type { ServedModel } from './served-model.js';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
const RATES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** What `/metrics` tells, and Node's own figures, the event loop's delay among them. */
export class ServeMetrics {
  readonly registry = new Registry();
  readonly #requests: Counter<'route' | 'method' | 'status'>;
  readonly #duration: Histogram<'route'>;
  readonly #firstToken: Histogram<'model'>;
  readonly #rate: Histogram<'model'>;
  readonly #tokens: Counter<'model' | 'kind'>;

  constructor(models: readonly ServedModel[], places: Places) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: 5 });
    this.#requests = new Counter({
      ...{ name: 'gptorch_requests_total', help: 'Requests answered; status 499 is a client that went away' },
      ...{ labelNames: ['route', 'method', 'status'], registers },
    });
    this.#duration = new Histogram({
      ...{ name: 'gptorch_request_duration_seconds', help: 'From a request to the end of its reply' },
      ...{ labelNames: ['route'], buckets: SECONDS, registers },
    });
    this.#firstToken = new Histogram({
      ...{ name: 'gptorch_time_to_first_token_seconds', help: 'From a request to its first token' },
      ...{ labelNames: ['model'], buckets: SECONDS, registers },
    });
    this.#rate = new Histogram({
      ...{ name: 'gptorch_tokens_per_second', help: 'Of one request, after its first token, all its choices together' },
      ...{ labelNames: ['model'], buckets: RATES, registers },
    });
    this.#tokens = new Counter({
      ...{ name: 'gptorch_tokens_total', help: 'Tokens read (prompt) and made (generated) for requests' },
      ...{ labelNames: ['model', 'kind'], registers },
    });
    this.#gauge('gptorch_running', 'Texts being generated', models, (load) => load.running);
    this.#gauge('gptorch_waiting', 'Requests that wait for their first step', models, (load) => load.waiting);
    this.#gauge('gptorch_cache_used_tokens', 'Tokens whose keys and values running texts hold', models, (load) => {
      return load.cache.used;
    });
    this.#gauge('gptorch_cached_prompt_tokens', 'Prompt tokens kept from before, not computed', models, (load) => {
      return load.cachedTokens;
    });
    new Gauge({
      ...{ name: 'gptorch_computing', help: 'Requests for classes and scores being computed', registers },
      collect() {
        this.set(places.running);
      },
    });
  }

  request(route: string, method: string, status: number, seconds: number): void {
    this.#requests.inc({ route, method, status: String(status) });
    this.#duration.observe({ route }, seconds);
  }

  /** Counts a generation from now on. */
  generation(model: string, promptTokens: number): { token: () => void; end: () => void } {
    const begin = performance.now();
    let [first, count] = [0, 0];
    this.#tokens.inc({ model, kind: 'prompt' }, promptTokens);
    return {
      token: () => {
        if (count++ > 0) return;
        first = performance.now();
        this.#firstToken.observe({ model }, (first - begin) / 1000);
      },
      end: () => {
        this.#tokens.inc({ model, kind: 'generated' }, count);
        if (count > 1) this.#rate.observe({ model }, (count - 1) / ((performance.now() - first) / 1000));
      },
    };
  }

  /** Tokens that were only read: of embeddings and of a task's examples. */
  read(model: string, promptTokens: number): void {
    this.#tokens.inc({ model, kind: 'prompt' }, promptTokens);
  }

  #gauge(name: string, help: string, models: readonly ServedModel[], read: (load: DecoderStats) => number): void {
    new Gauge({
      ...{ name, help, labelNames: ['model'], registers: [this.registry] },
      collect() {
        for (const { name: model, gpt } of models) this.set({ model }, read(gpt.decoder.stats()));
      },
    });
  }
}
