/**
 * Why a verdict is what it is, why a trigger was refused, why the station is not ready. The number goes to the PLC, the
 * sentence to people. Numbers never change their meaning; the PLC's text lists are generated from this table.
 */
const table = {
  none: [0, 'All inspected regions look like the good parts'],
  // 1..19: what the picture showed
  regionWarn: [1, 'A region is more unusual than almost all good parts'],
  regionFail: [2, 'A region is clearly unlike the good parts'],
  tooFewGoodFrames: [3, 'Too few of the part’s pictures were good'],
  // 20..59: not inspected
  deadline: [20, 'No verdict before the deadline'],
  cameraLost: [21, 'The camera gave no picture'],
  frameTimeout: [22, 'The picture did not come in time'],
  frameTooOld: [23, 'The picture was taken before the trigger'],
  imageUnreadable: [24, 'The picture could not be read'],
  engineFailed: [25, 'The model could not be run'],
  engineTimeout: [26, 'The model did not answer in time'],
  scoreNotFinite: [27, 'The model gave no usable number'],
  notValidated: [28, 'The thresholds are not valid for this model, regions or camera settings'],
  wrongRecipe: [29, 'The PLC expected another recipe'],
  viewMissing: [30, 'A required view of the part is missing'],
  messageLost: [31, 'The result did not reach an output before the deadline'],
  restarted: [32, 'The station restarted during the inspection'],
  deployed: [33, 'The flow was changed during the inspection'],
  stationHung: [34, 'The station stopped answering during the inspection'],
  wrongImageSize: [35, 'The picture does not have the size the model was made for'],
  noRecipe: [36, 'No recipe is active'],
  noInspectRegion: [37, 'The recipe has no region to inspect'],
  sceneCheck: [38, 'A scene check failed'],
  noPart: [39, 'No part in front of the camera'],
  badPartId: [40, 'The part id is not usable'],
  flowError: [41, 'A node of the flow reported an error'],
  internalError: [42, 'A fault in the station itself'],
  partMisplaced: [43, 'The part does not lie where the model can judge it'],
  outOfStep: [44, 'The light barrier’s pulses and the announced parts do not agree'],
  notVerified: [45, 'The first model is in doubt, and no second one has verified the part'],
  lightChanged: [50, 'The light has changed'],
  cameraMoved: [51, 'The camera has moved'],
  pictureFrozen: [52, 'The camera shows the same picture again'],
  outOfFocus: [53, 'The picture is out of focus'],
  sceneNotLearned: [54, 'The scene check has not learned this scene'],
  sceneMissing: [55, 'No scene check looked at the picture'],
  // 60..79: refused, or not ready
  offline: [60, 'The station is offline'],
  notReady: [61, 'The station is not ready'],
  tooManyOpen: [62, 'Too many inspections are open'],
  commissioning: [63, 'A person is working on the station'],
  ringFull: [64, 'The PLC has not taken the last results'],
  learning: [65, 'The station is learning good parts'],
  cameraNotReady: [66, 'The camera is not ready'],
  engineNotReady: [67, 'The model is not loaded'],
  duplicateTrigger: [68, 'This trigger id is already open'],
  starting: [69, 'The station is starting'],
  badTrigger: [70, 'The trigger is not usable'],
  notAnnounced: [71, 'The light barrier saw a part that was not announced'],
} as const satisfies Record<string, readonly [number, string]>;

export type ReasonKey = keyof typeof table;

export function isReasonKey(value: unknown): value is ReasonKey {
  return typeof value === 'string' && Object.hasOwn(table, value);
}

export interface Reason {
  key: ReasonKey;
  code: number;
  /** One sentence a foreman understands. */
  text: string;
  view?: string;
  roi?: string;
  /** Measured value and the limit it met, in the model's units. */
  value?: number;
  limit?: number;
}

/** Builds a reason; `detail` is appended to the sentence after a colon. */
export function reason(key: ReasonKey, more: Omit<Partial<Reason>, 'key' | 'code'> & { detail?: string } = {}): Reason {
  const { detail, text, ...rest } = more;
  const [code, sentence] = table[key];
  return { key, code, text: text ?? (detail ? `${sentence}: ${detail}` : sentence), ...rest };
}

/** The key of a number that came over a wire. */
export function reasonKeyOf(code: number): ReasonKey | undefined {
  return (Object.keys(table) as ReasonKey[]).find((key) => table[key][0] === code);
}

/** The whole table, for generated text lists and help. */
export function reasonTable(): { key: ReasonKey; code: number; text: string }[] {
  return Object.entries(table).map(([key, [code, text]]) => ({ key: key as ReasonKey, code, text }));
}
