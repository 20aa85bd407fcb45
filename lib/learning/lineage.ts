import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lineage } from '../scoring/model-schema.ts';
import type { LearnBody, LearnedBody } from './learning-protocol.ts';
import type { Parent } from './parent.ts';

/** What a version was made with, by and from, for model.json: enough to make it again from the same pictures. */
export function lineageOf(
  parent: Parent | undefined,
  { features, backbone, head = 'auto', keepAspect, size, registration, goal, seed, rois, exclude, extend }: LearnBody,
  found: Pick<LearnedBody, 'features' | 'head'>,
): Lineage {
  const { name, version } = JSON.parse(readFileSync(join(__dirname, '../../../package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  // a version that continues another one keeps its features, head, size, aspect and registration, whatever was said
  const asked =
    extend === undefined ? { features, backbone: backbone?.layers, head, keepAspect, size, registration } : {};
  const settings = { ...asked, goal, seed, regions: rois.length, leftOut: exclude.length };
  return {
    software: `${name} ${version}`,
    runtime: `Node.js ${process.versions.node}`,
    parent: parent ? { version: parent.description.version, sha256: parent.description.sha256 } : null,
    settings: JSON.parse(JSON.stringify({ ...settings, made: { features: found.features, head: found.head } })),
  };
}
