/**
 * Every error that gptorch throws or rejects with. `code` is stable and meant for programs, `message` for people.
 */
export class GptorchError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A call's argument has a wrong shape, dtype, device, range or type. Thrown at once; nothing was queued. */
export class ArgumentError extends GptorchError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_ARGUMENT', message, options);
  }
}

/** A user's input (file, option, configuration) is bad. The message names file, line and field. Exit code 2. */
export class InputError extends GptorchError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_INPUT', message, options);
  }
}

/** A tensor or module was used after `dispose()`. */
export class DisposedError extends GptorchError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_DISPOSED', message, options);
  }
}

/** An operation failed on the engine thread. Reaches whoever awaits a value that depends on it. */
export class EngineError extends GptorchError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_ENGINE', message, options);
  }
}

/** Too much work is queued. Nothing was queued by the call; `await engine.drained()` and call again. */
export class EngineQueueFullError extends GptorchError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_QUEUE_FULL', message, options);
  }
}

/** As many requests as a decoder takes are unfinished; see `DecoderOptions`. Nothing was begun; try again later. */
export class DecoderFullError extends GptorchError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_DECODER_FULL', message, options);
  }
}

/** A request waited for its turn longer than its `waitTimeout`, or had no result within its `timeout`. */
export class DecoderTimeoutError extends GptorchError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_DECODER_TIMEOUT', message, options);
  }
}

/** An allocation failed or went over the engine's budget; the message has the numbers. */
export class OutOfMemoryError extends GptorchError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_OUT_OF_MEMORY', message, options);
  }
}

/** Ranks of a group cannot meet, or one of them is gone; the message names this rank and the other. */
export class ProcessGroupError extends GptorchError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_PROCESS_GROUP', message, options);
  }
}

/** The device asked for is not there. Never followed by a silent fall-back to another one. */
export class DeviceError extends GptorchError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_DEVICE', message, options);
  }
}

/** A device failed beyond repair (a wrong index in a kernel, a hardware error). Nothing more can be computed in this process. */
export class DeviceLostError extends GptorchError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_DEVICE_LOST', message, options);
  }
}

/** The addon or libtorch could not be found or opened; the message says what to run. */
export class LoadError extends GptorchError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_LOAD', message, options);
  }
}

/** A model hub could not be reached, or what it sent is damaged. */
export class DownloadError extends GptorchError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_DOWNLOAD', message, options);
  }
}

/** Runs `use`; where it finds fault with the input, the error says that the input stands at `where`. */
export function inputAt<T>(where: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    const isInput = error instanceof InputError || error instanceof ArgumentError;
    throw isInput ? new InputError(`${where}: ${error.message}`, { cause: error }) : error;
  }
}

/** `ERR_WRITE`: the file and the system's reason. */
export function cannotWrite(path: string, cause: unknown): GptorchError {
  const reason = cause instanceof Error ? cause.message : cause;
  return new GptorchError('ERR_WRITE', `cannot write ${path}: ${reason}`, { cause });
}
