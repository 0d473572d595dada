/**
 * What a training loop reads. A class of your own works as it is: the Trainer takes items one by one from one iterator,
 * and asks for `state()` between items.
 *
 * The datasets of gptorch are endless unless told otherwise: epoch follows epoch.
 */
export interface Dataset<T> extends AsyncIterable<T> {
  /** Items of one epoch, where there is such a thing. */
  readonly length?: number | undefined;
  /** Plain JSON: where the dataset stands after the item that was taken last. */
  state(): unknown;
  /** The next item is the one that would have come next when `state` was taken. */
  restore(state: unknown): void;
}

/** The same dataset with each item turned into another, as numbers into tensors. Nothing is read ahead. */
export function mapDataset<T, U>(dataset: Dataset<T>, convert: (item: T) => U | Promise<U>): Dataset<U> {
  return splitDataset(dataset, 1, (item) => convert(item));
}

/**
 * The same dataset with each item in so many parts, one after another. Its state is that of the dataset: between two items,
 * where all parts of one have been taken.
 */
export function splitDataset<T, U>(
  dataset: Dataset<T>,
  parts: number,
  partAt: (item: T, part: number) => U | Promise<U>,
): Dataset<U> {
  return {
    get length() {
      return dataset.length === undefined ? undefined : dataset.length * parts;
    },
    state: () => dataset.state(),
    restore: (state) => dataset.restore(state),
    async *[Symbol.asyncIterator]() {
      for await (const item of dataset) for (let part = 0; part < parts; part++) yield await partAt(item, part);
    },
  };
}
