import { type Argument, addon, type ModuleHandle, type RandomKey } from '../addon/index.js';
import { ArgumentError } from '../errors.js';
import { engine, type Generator, Tensor } from '../tensor/index.js';

/** What the native module of the same name is configured with. */
export type ModuleSettings = Readonly<Record<string, string | number | boolean | undefined>>;

/** How the parameters of a module are made. */
export interface ModuleOptions {
  /** As `engine.device` takes it. Default "cpu". */
  device?: string;
  /** Standard deviation of the initial matrices. Default 0.02. */
  initStd?: number;
  /** What the initial values are drawn from. Default: the engine's generator. */
  generator?: Generator;
  /** Default true. False: the parameters hold nothing that means anything until they are filled. */
  initialize?: boolean;
}

/** What every forward pass takes beside its input. */
export interface ForwardOptions {
  /** Dropout is on. Default false. */
  training?: boolean;
  /** What dropout draws from. Default: the engine's generator. */
  generator?: Generator;
}

/**
 * A native module of the same name: its parameters by Hugging Face's names, made on `device` with matrices N(0, initStd),
 * biases 0 and norm weights 1.
 */
export abstract class Module {
  /** By name, `weight` or `attn.c_attn.weight`; they live as long as the module. */
  readonly parameters: ReadonlyMap<string, Tensor>;
  /** @internal */
  readonly moduleHandle: ModuleHandle;
  readonly #name: string;

  protected constructor(name: string, settings: ModuleSettings, options: ModuleOptions = {}) {
    const { device = 'cpu', initStd = 0.02, generator = engine.generator, initialize = true } = options;
    const { handle, parameters } = addon.createModule(name, settings, engine.device(device));
    this.moduleHandle = handle;
    this.#name = name;
    this.parameters = new Map(parameters.map(([key, parameter]) => [key, new Tensor(parameter, this)]));
    if (!initialize) return;
    for (const [key, parameter] of this.parameters) fillParameter(key, parameter, initStd, generator);
  }

  /** The parameter of that name. @throws ArgumentError for a name that the module has not */
  parameter(name: string): Tensor {
    const found = this.parameters.get(name);
    if (!found)
      throw new ArgumentError(
        `${this.#name} has no parameter ${name}; it has ${[...this.parameters.keys()].join(', ')}`,
      );
    return found;
  }

  /** Frees the parameters, their gradients and the module. */
  dispose(): void {
    addon.disposeModule(this.moduleHandle);
  }

  protected call(...args: Argument[]): Tensor {
    return new Tensor(addon.forward(this.moduleHandle, this.#name, ...args));
  }
}

/** Makes a forward pass that draws `draws` times, with its random key; outside training there is none. */
export function withKey<T>(
  { training = false, generator = engine.generator }: ForwardOptions,
  draws: number,
  forward: (training: boolean, key: RandomKey | null) => T,
): T {
  return training ? generator.draw(draws, (key) => forward(true, key)) : forward(false, null);
}

function fillParameter(name: string, parameter: Tensor, std: number, generator: Generator): void {
  const { functions } = addon;
  if (name.endsWith('bias')) functions.fill(parameter.handle, 0);
  else if (parameter.shape.length === 1) functions.fill(parameter.handle, 1);
  else generator.draw(1, (key) => functions.fillNormal(parameter.handle, 0, std, key));
}
