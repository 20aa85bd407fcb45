import type { NodeAPI } from 'node-red';
import { defineNode } from '../../lib/node-red/define-node.ts';
import type { Engine } from '../../lib/scoring/engine.ts';
import type { Station } from '../../lib/station/station.ts';
import type { ModelRunner } from '../model/model-runner.ts';
import { classifyStage } from './classify.ts';
import { config } from './config.ts';
import { firstStage } from './first.ts';
import type { Stage, StageParts } from './stage.ts';
import { verifyStage } from './verify.ts';

const stages = { first: firstStage, verify: verifyStage, classify: classifyStage } satisfies Record<
  string,
  (parts: StageParts) => Stage
>;

/** Runs a model on the ledger's frame of the view: the one that scores it, verifies what that one doubts, or names what is not good. */
export default function register(RED: NodeAPI): void {
  defineNode(RED, config, async (kit) => {
    const station = await kit.use<Station>('station', 'goodpart-station', kit.config.station);
    const { engine, runner } = await kit.use<{ engine: Engine; runner: ModelRunner }>(
      'model',
      'goodpart-model',
      kit.config.model,
    );
    return { input: stages[kit.config.stage]({ RED, kit, station, engine, runner }) };
  });
}
