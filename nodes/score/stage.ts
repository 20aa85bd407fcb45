import type { NodeAPI } from 'node-red';
import { invalidParameter } from '../../lib/core/errors.ts';
import { claim } from '../../lib/node-red/claims.ts';
import type { ValuesOf } from '../../lib/node-red/config/config.ts';
import type { NodeKit } from '../../lib/node-red/define-node.ts';
import type { Message, Send } from '../../lib/node-red/messages.ts';
import type { Engine } from '../../lib/scoring/engine.ts';
import type { Station } from '../../lib/station/station.ts';
import type { ModelRunner } from '../model/model-runner.ts';
import type { config } from './config.ts';

/** What every stage works with. */
export interface StageParts {
  RED: NodeAPI;
  kit: NodeKit<ValuesOf<typeof config>>;
  station: Station;
  engine: Engine;
  runner: ModelRunner;
}

export type Stage = (message: Message, send: Send) => Promise<void>;

/** One node of a later stage for each view, until the node closes. Throws GP_CONFIG_INVALID. */
export function claimStage({ kit, station }: StageParts): void {
  const { stage, view } = kit.config;
  const expected = `a view that no other anomaly score node of this station has as its stage "${stage}"`;
  const oneNode = () => invalidParameter('view', expected, view, 'GP_CONFIG_INVALID');
  kit.onClose(claim(`${stage} ${station.id} ${view}`, kit.id, oneNode));
}
