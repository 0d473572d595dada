// What is fine-tuned, on what and how long. The learning rate is higher than the paper's 6.25e-5: that one is for a model a
// hundred times as large.
const LEARNING_RATE = 5e-4;

/**
 * @typedef {object} TaskRun
 * @property {string} name
 * @property {string} task
 * @property {string} files the data set's files without their .train.jsonl, .dev.jsonl, .test.jsonl
 * @property {number} epochs
 * @property {number} lr
 */

/** @type {TaskRun[]} */
export const RUNS = [
  { name: 'SST-2', task: 'classification', files: 'classification/sst2', epochs: 3, lr: LEARNING_RATE },
  { name: 'SICK', task: 'entailment', files: 'entailment/sick', epochs: 3, lr: LEARNING_RATE },
  { name: 'MRPC', task: 'similarity', files: 'similarity/mrpc', epochs: 2, lr: LEARNING_RATE },
  { name: 'COPA', task: 'multiple-choice', files: 'multiple_choice/copa', epochs: 3, lr: LEARNING_RATE },
  {
    name: 'CommonsenseQA',
    task: 'multiple-choice',
    files: 'multiple_choice/commonsenseqa',
    epochs: 1,
    lr: LEARNING_RATE,
  },
];

/** λ of the combined loss, to see what it keeps of language modelling. */
export const LAMBDAS = [0, 0.1, 0.5, 1];
/** The task on which they are compared. */
export const LAMBDA_RUN = RUNS[0];
