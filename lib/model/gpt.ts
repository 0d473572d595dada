import { addon } from '../addon/index.js';
import {
  type Completion,
  Decoder,
  type DecoderOptions,
  type FinishReason,
  type GeneratedToken,
  type GenerateOptions,
  type SamplesOptions,
} from '../decode/index.js';
import { ArgumentError } from '../errors.js';
import { type DownloadModelOptions, downloadModel } from '../hub/index.js';
import { DecoderBlock, Embedding, KeyValueCache, LayerNorm, Linear } from '../nn/index.js';
import {
  autocast,
  engine,
  Generator,
  type LossOptions,
  linear,
  linearCrossEntropy,
  noGrad,
  type Tensor,
} from '../tensor/index.js';
import { type GPTConfig, type GPTConfigInput, parseGPTConfig } from './config.js';
import { loadGPT, saveGPT } from './directory.js';
import { embeddingNames, OUTPUT_WEIGHT } from './parameter-shapes.js';

/** How a new model is made. */
export interface GPTOptions {
  /** Seed of the initial weights. Default 0. */
  seed?: number;
  /** As `engine.device` takes it. Default "cpu". */
  device?: string;
  /** Default true. False: the parameters hold nothing that means anything until they are filled. */
  initialize?: boolean;
  /**
   * Of the computation; the parameters are always float32. `bfloat16`: every call is as under `autocast`, and the decoder's
   * weights are bfloat16 unless `decoder` says otherwise. Default `float32`: calls follow `autocast`.
   */
  dtype?: 'float32' | 'bfloat16';
  /** How texts are generated. */
  decoder?: DecoderOptions;
}

/** How a model is opened. */
export type GPTLoadOptions = Pick<GPTOptions, 'device' | 'dtype' | 'decoder'>;

/**
 * A decoder-only Transformer language model (Radford et al. 2018, 2019):
 *
 *     h[0] = tokens · We + Wp;  h[l] = DecoderBlock(h[l-1]);  P = softmax(h[L] · Weᵀ)
 */
export class GPT {
  /** With every default filled in. */
  readonly config: GPTConfig;
  /** "cpu" or "cuda:N". */
  readonly device: string;
  /** Of the computation. */
  readonly dtype: 'float32' | 'bfloat16';
  /** Dropout is on. A new model is in training mode, a loaded one is not. */
  training = true;
  /** `transformer.wte` and `transformer.wpe`. */
  readonly embedding: Embedding;
  /** `transformer.h.0` and so on. */
  readonly blocks: readonly DecoderBlock[];
  /** The final norm of the pre-norm form. */
  readonly finalNorm: LayerNorm | undefined;
  /** The output weights, where they are not the token embedding. */
  readonly head: Linear | undefined;
  readonly #named: [name: string, parameter: Tensor][];
  #frozen = 0;
  /** What generates with this model's modules. */
  readonly decoder: Decoder;

  /** @throws InputError for a wrong configuration, ArgumentError for a wrong option, DeviceError for a device that is not there */
  constructor(config: GPTConfigInput, settings: GPTOptions = {}) {
    const { seed = 0, dtype = 'float32', initialize = true } = settings;
    const device = engine.device(settings.device ?? 'cpu');
    this.config = parseGPTConfig(config);
    this.device = device;
    this.dtype = dtype;
    const { layers, width, initStd, layerNormEps: eps, vocabSize } = this.config;
    const generator = new Generator(seed);
    const options = { device, initStd, generator, initialize };
    this.embedding = new Embedding({ ...pick(this.config), dropout: this.config.embeddingDropout }, options);
    this.blocks = Array.from({ length: layers }, () => new DecoderBlock(blockSettings(this.config), options));
    if (this.config.normPosition === 'pre') {
      this.finalNorm = new LayerNorm({ width, eps }, options);
      if (initialize) this.#scaleResiduals(generator);
    }
    if (!this.config.tiedEmbedding) {
      this.head = new Linear({ inFeatures: width, outFeatures: vocabSize, bias: false }, options);
    }
    this.#named = [...nameParameters(this)];
    const { embedding, blocks, finalNorm } = this;
    const outputWeight = this.head?.parameter('weight') ?? embedding.parameter('wte.weight');
    const decoder = { ...settings.decoder, weights: settings.decoder?.weights ?? dtype };
    this.decoder = new Decoder({ embedding, blocks, finalNorm, outputWeight }, decoder);
  }

  /**
   * Opens a model directory as Hugging Face or `quantize` writes it. The parameters are float32 whatever the files keep; on the
   * CPU the decoder's weights are by default what the files keep, unless `dtype` is bfloat16.
   * @throws InputError naming the file and tensor at fault
   */
  static async load(directory: string, { dtype, decoder, ...place }: GPTLoadOptions = {}): Promise<GPT> {
    const device = engine.device(place.device ?? 'cpu');
    return loadGPT(directory, (config, stored) => {
      // Packed weights are the CPU's.
      const isPacked = dtype !== 'bfloat16' && device === 'cpu';
      const weights = isPacked ? stored : undefined;
      return new GPT(config, {
        device,
        dtype,
        decoder: { ...decoder, weights: decoder?.weights ?? weights },
        initialize: false,
      });
    });
  }

  /**
   * Opens a model of the Hugging Face Hub, by way of the cache that Hugging Face's programs share (see `downloadModel`).
   * @param name `openai-community/gpt2`
   * @throws InputError where the hub or the cache has no such model, or this library cannot open it
   * @throws DownloadError where the hub cannot be reached
   */
  static async fromPretrained(name: string, options: DownloadModelOptions & GPTLoadOptions = {}): Promise<GPT> {
    return GPT.load(await downloadModel(name, options), options);
  }

  /** Writes `config.json` and `model.safetensors`, which Hugging Face's classes open where they have the model. */
  save(directory: string): Promise<void> {
    return saveGPT(directory, this);
  }

  /** Parameters under Hugging Face's names. */
  namedParameters(): [name: string, parameter: Tensor][] {
    return [...this.#named];
  }

  /** Numbers in all parameters together. */
  get parameterCount(): number {
    return this.#named.reduce((sum, [, parameter]) => sum + parameter.size, 0);
  }

  /** The output weights (vocabSize, width); without a gradient where they are a frozen embedding. */
  get outputWeight(): Tensor {
    if (this.head) return this.head.parameter('weight');
    const embedding = this.embedding.parameter('wte.weight');
    return this.#frozen > 0 ? embedding.detach() : embedding;
  }

  /**
   * Keeps the embeddings and the first blocks as they are: they take part in no backward pass.
   * @param blocks 0 freezes nothing, the embeddings included. Default of a new model: 0.
   * @throws ArgumentError when there are not so many blocks
   */
  freeze(blocks: number): this {
    if (!Number.isInteger(blocks) || blocks < 0 || blocks > this.blocks.length) {
      throw new ArgumentError(`freeze: blocks is ${blocks}; allowed: 0 to ${this.blocks.length}`);
    }
    this.#frozen = blocks;
    return this;
  }

  /** Parameters that are not frozen, under Hugging Face's names. */
  trainedParameters(): [name: string, parameter: Tensor][] {
    if (this.#frozen === 0) return this.namedParameters();
    const frozen = new Set<unknown>([this.embedding, ...this.blocks.slice(0, this.#frozen)]);
    return this.#named.filter(([, parameter]) => !frozen.has(parameter.owner));
  }

  /**
   * Hidden states of the last layer, after the final norm where there is one.
   * @param tokens (B, T) int64; T up to the context length
   * @param options `cache` holds the tokens before, takes these in, and moves on; no gradient then
   * @returns (B, T, width)
   */
  hidden(tokens: Tensor, options: { cache?: KeyValueCache } = {}): Tensor {
    return this.#inDtype(() => this.#hidden(tokens, options));
  }

  #hidden(tokens: Tensor, { cache }: { cache?: KeyValueCache }): Tensor {
    const { training } = this;
    const position = cache?.length ?? 0;
    const run = (state: Tensor, first: number, end: number) =>
      this.blocks.slice(first, end).reduce((input, block, i) => {
        return block.forward(input, { training, position, cache: cache?.layers[first + i] });
      }, state);
    const begin = (end: number) => run(this.embedding.forward(tokens, { training, position }), 0, end);
    // What is frozen records no graph.
    const frozen = this.#frozen > 0 ? noGrad(() => begin(this.#frozen)) : begin(0);
    const state = run(frozen, this.#frozen, this.blocks.length);
    if (cache) cache.length += tokens.shape[1] ?? 0;
    return this.finalNorm ? this.finalNorm.forward(state) : state;
  }

  /** Logits of the next token at each place: (B, T) → (B, T, vocabSize). */
  forward(tokens: Tensor, options?: { cache?: KeyValueCache }): Tensor {
    return linear(this.hidden(tokens, options), this.outputWeight);
  }

  /**
   * L_PT = -Σ log P(x_i | x_{i-k} … x_{i-1}) (Radford et al. 2018, eq. 1), the mean per target unless `reduction` is sum.
   * @param targets (B, T) int64; -100 does not count
   */
  loss(tokens: Tensor, targets: Tensor, options?: LossOptions): Tensor {
    return this.#inDtype(() => linearCrossEntropy(this.hidden(tokens), this.outputWeight, targets, options));
  }

  #inDtype<T>(compute: () => T): T {
    return this.dtype === 'float32' ? compute() : autocast(this.dtype, compute);
  }

  /**
   * Continues a prompt token by token: `for await (const token of model.generate(prompt, { maxNewTokens: 20 }))`.
   * Dropout is off whatever the model's mode. The generator's return value says why the text ended.
   * @throws ArgumentError for an empty prompt, one longer than the context, a token outside the vocabulary, a wrong option
   * @throws DecoderFullError, DecoderTimeoutError as `DecoderOptions` and `RequestOptions` say
   */
  generate(prompt: readonly number[], options: GenerateOptions): AsyncGenerator<number, FinishReason> {
    return this.decoder.generate(prompt, options);
  }

  /** As `generate`, with log-probabilities where wanted, and for `n` continuations. @throws as `generate` */
  stream(prompt: readonly number[], options: SamplesOptions): AsyncGenerator<GeneratedToken, FinishReason[]> {
    return this.decoder.stream(prompt, options);
  }

  /** Continues a prompt to the end. @throws as `generate` */
  complete(prompt: readonly number[], options: GenerateOptions): Promise<Completion> {
    return this.decoder.complete(prompt, options);
  }

  /** `n` continuations of a prompt, which is computed once. @throws as `generate` */
  completions(prompt: readonly number[], options: SamplesOptions): Promise<Completion[]> {
    return this.decoder.completions(prompt, options);
  }

  /** An empty cache for `capacity` tokens. Default: the context length. */
  makeCache({ capacity = this.config.contextLength, batch = 1 } = {}): KeyValueCache {
    const { layers, heads, headWidth, contextLength } = this.config;
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > contextLength) {
      throw new ArgumentError(`cache capacity must be within 1 and ${contextLength}, not ${capacity}`);
    }
    return KeyValueCache.make({ layers, heads, headWidth, capacity, batch, device: this.device });
  }

  /** Dropout on. */
  train(): this {
    this.training = true;
    return this;
  }

  /** Dropout off. */
  eval(): this {
    this.training = false;
    return this;
  }

  /** Frees every parameter, and the decoder's cache. */
  dispose(): void {
    this.decoder.dispose();
    for (const module of [this.embedding, ...this.blocks, this.finalNorm, this.head]) module?.dispose();
  }

  /** GPT-2 divides the residual branches' initial weights by √(2 · layers): each adds to the same sum. */
  #scaleResiduals(generator: Generator): void {
    const std = this.config.initStd / Math.sqrt(2 * this.config.layers);
    for (const block of this.blocks) {
      for (const name of ['attn.c_proj.weight', 'mlp.c_proj.weight']) {
        const { handle } = block.parameter(name);
        generator.draw(1, (key) => addon.functions.fillNormal(handle, 0, std, key));
      }
    }
  }
}

function pick({ vocabSize, contextLength, width }: GPTConfig) {
  return { vocabSize, contextLength, width };
}

function blockSettings(config: GPTConfig) {
  const { width, heads, headWidth, feedForwardWidth, normPosition, activation, bias } = config;
  const { attentionDropout, residualDropout, attentionWindow, layerNormEps } = config;
  return {
    ...{ width, heads, headWidth, feedForwardWidth, normPosition, activation, bias },
    ...{ attentionDropout, residualDropout, attentionWindow, layerNormEps },
  };
}

function* nameParameters(model: GPT): Iterable<[name: string, parameter: Tensor]> {
  const [tokens, positions] = embeddingNames(model.config);
  yield [tokens, model.embedding.parameter('wte.weight')];
  yield [positions, model.embedding.parameter('wpe.weight')];
  for (const [layer, block] of model.blocks.entries()) {
    for (const [name, parameter] of block.parameters) yield [`transformer.h.${layer}.${name}`, parameter];
  }
  if (model.finalNorm) {
    for (const [name, parameter] of model.finalNorm.parameters) yield [`transformer.ln_f.${name}`, parameter];
  }
  if (model.head) yield [OUTPUT_WEIGHT, model.head.parameter('weight')];
}
