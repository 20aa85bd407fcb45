import { defineConfig } from '../../lib/node-red/config/config.ts';
import { choice, flag, node, number, path, text, whole } from '../../lib/node-red/config/fields.ts';

export const config = defineConfig({
  type: 'goodpart-learn',
  category: 'goodpart',
  paletteLabel: 'learn good parts',
  color: '#9FD0CB',
  inputs: 1,
  /** The result; progress; a request for one picture (with source messages). */
  outputs: 3,
  fields: {
    station: node('goodpart-station'),
    view: text({ default: 'main', required: true }),
    model: text({ default: 'parts', required: true }),
    /** verify: the recipe's second model, for what the first is in doubt of. */
    stage: choice(['first', 'verify']),
    /** Severities of the first model between which it is in doubt. */
    doubtFrom: number({ default: 0.5, min: -100, max: 100, when: { stage: ['verify'] } }),
    doubtTo: number({ default: 1.5, min: -100, max: 100, when: { stage: ['verify'] } }),
    source: choice(['folder', 'messages']),
    path: path({ when: { source: ['folder'] } }),
    /** Pictures to collect from messages, or at most to take from the folder. */
    count: whole({ default: 300, min: 20, max: 5000 }),
    keepAspect: choice(['auto', 'camera', 'stretch']),
    features: choice(['usual', 'bank', 'filters', 'thorough', 'backbone']),
    /** An ONNX file on the machine that runs Node-RED. */
    backbone: text({ required: true, max: 1000, when: { features: ['backbone'] } }),
    /** Names of tensors, separated by commas; empty: those that are suggested. */
    layers: text({ max: 2000, when: { features: ['backbone'] } }),
    normalisation: choice(['auto', 'imagenet', 'unit', 'signed', 'bytes'], { when: { features: ['backbone'] } }),
    head: choice(['auto', 'gaussian', 'nearest']),
    /** Side of the model's square input, or of a square of its area. */
    size: whole({ default: 256, min: 64, max: 1024, unit: 'px' }),
    registration: flag(false),
    maxShift: number({ default: 0.05, min: 0.005, max: 0.25, when: { registration: ['true'] } }),
    maxRotation: number({ default: 3, min: 0, max: 15, unit: '°', when: { registration: ['true'] } }),
    goal: choice(['rates', 'costs']),
    /** Share of good parts that may be called warn or fail. */
    warnRate: number({ default: 0.05, min: 0.0001, max: 0.5, when: { goal: ['rates'] } }),
    failRate: number({ default: 0.01, min: 0.0001, max: 0.5, when: { goal: ['rates'] } }),
    /** In any one currency: what a missed defect and a rejected good part cost, and how many parts are defective. */
    missCost: number({ default: 100, min: 0.001, max: 1e9, when: { goal: ['costs'] } }),
    falseRejectCost: number({ default: 1, min: 0.001, max: 1e9, when: { goal: ['costs'] } }),
    defectShare: number({ default: 0.01, min: 0.000001, max: 0.5, when: { goal: ['costs'] } }),
    /** Names separated by commas that good parts come from; the model is provisional until it has seen all of them. */
    shifts: text({ max: 1000 }),
    lots: text({ max: 1000 }),
    nests: text({ max: 1000 }),
    /** Folders; empty: none are shown. */
    defects: text({ max: 1000 }),
    repeats: text({ max: 1000 }),
    sensitivity: flag(true),
    seed: whole({ default: 1, min: 0, max: 4_294_967_295 }),
    activate: flag(true),
  },
  checks: [
    {
      field: 'failRate',
      expected: 'at most the warn rate',
      holds: ({ failRate, warnRate, goal }) => goal === 'costs' || failRate <= warnRate,
    },
    {
      field: 'doubtTo',
      expected: 'more than the lower end of doubt',
      holds: ({ stage, doubtFrom, doubtTo }) => stage === 'first' || doubtFrom < doubtTo,
    },
    { field: 'size', expected: 'a multiple of 32', holds: ({ size }) => size % 32 === 0 },
  ],
});
