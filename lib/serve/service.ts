import { ArgumentError, EngineError } from '../errors.js';
import { ApiError } from './api-error.js';
import { checkKey } from './auth.js';
import { ServeMetrics } from './metrics.js';
import { resolveLimits, type ServeLimits, type ServeOptions } from './options.js';
import { checkOrigins } from './origins.js';
import { Places } from './places.js';
import { ServedModel } from './served-model.js';

/** Requests that are no generations and computed at once; what they need of memory grows with each. */
const COMPUTED_AT_ONCE = 2;
/** Of those, how many may wait. */
const WAITING = 128;

/** What all routes of one server share. */
export class Service {
  readonly limits: ServeLimits;
  readonly models: ReadonlyMap<string, ServedModel>;
  readonly metrics: ServeMetrics;
  /** For classification and scoring; generations and embeddings wait in the model's decoder. */
  readonly places: Places;
  readonly #shutdown = new AbortController();
  #draining = false;
  #unhealthy: unknown;
  #active = 0;
  #onIdle: (() => void) | undefined;

  constructor(readonly options: ServeOptions) {
    this.limits = resolveLimits(options.limits);
    checkKey(options.apiKey);
    checkOrigins(options.allowedOrigins);
    const served = options.models.map((model) => new ServedModel(model));
    this.models = new Map(served.map((model) => [model.name, model]));
    if (served.length === 0) throw new ArgumentError('there is no model to serve');
    if (this.models.size < served.length) throw new ArgumentError('two models to serve have the same name');
    const { waitTimeout } = this.limits;
    this.places = new Places({ running: COMPUTED_AT_ONCE, waiting: WAITING, waitTimeout });
    this.metrics = new ServeMetrics(served, this.places);
  }

  /** @throws ApiError 404 */
  model(name: string): ServedModel {
    const model = this.models.get(name);
    if (model) return model;
    throw new ApiError(404, `there is no model ${JSON.stringify(name.slice(0, 100))}; GET /v1/models lists them`, {
      param: 'model',
      code: 'model_not_found',
    });
  }

  /** Aborted when running requests are to be given up. */
  get shutdown(): AbortSignal {
    return this.#shutdown.signal;
  }

  get health(): 'ready' | 'draining' | 'unhealthy' {
    if (this.#draining) return 'draining';
    return this.#unhealthy === undefined ? 'ready' : 'unhealthy';
  }

  /** The engine is unhealthy from a failure of its own on until something succeeds again. */
  reportFailure(error: unknown): void {
    if (error instanceof EngineError) this.#unhealthy = error;
  }

  reportSuccess(): void {
    this.#unhealthy = undefined;
  }

  /** A request has come; `end` when its reply is out, or nobody waits for it any more. */
  begin(): { end: () => void } {
    this.#active++;
    let ended = false;
    return {
      end: () => {
        if (ended) return;
        ended = true;
        if (--this.#active === 0) this.#onIdle?.();
      },
    };
  }

  /**
   * Takes no further requests and lets those that run end.
   * @param limit milliseconds; then they are given up
   * @returns whether all ended by themselves
   */
  async drain(limit: number): Promise<boolean> {
    this.#draining = true;
    if (this.#active === 0) return true;
    const idle = new Promise<true>((resolve) => {
      this.#onIdle = () => resolve(true);
    });
    let timer: NodeJS.Timeout | undefined;
    const timedOut = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), limit);
    });
    const inTime = await Promise.race([idle, timedOut]);
    clearTimeout(timer);
    if (!inTime) {
      this.#shutdown.abort(new ApiError(503, 'the server is shutting down', { code: 'shutting_down', retryAfter: 5 }));
    }
    return inTime;
  }
}
