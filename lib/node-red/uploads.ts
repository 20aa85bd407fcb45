import type { NodeAPI } from 'node-red';
import { GoodpartError, invalidParameter } from '../core/errors.ts';
import type { Inspection } from '../core/inspection.ts';
import type { ReasonKey } from '../core/reasons.ts';
import type { Refusal } from '../core/snapshot.ts';
import { isRefusal } from './intake.ts';
import { Refused } from './refused.ts';
import { type RouteReply, uploadRoute } from './routes.ts';

/** What a camera node to which pictures are pushed does with one that came over HTTP. Throws for what is no picture. */
export type UploadDesk = (data: Buffer, partId: string) => Inspection | Refusal | null;

const maxBytes = 64 * 1024 * 1024;
const desks = new Map<string, UploadDesk>();

/** Lets pictures be uploaded to a node until the answer is called. */
export function takeUploads(nodeId: string, desk: UploadDesk): () => void {
  desks.set(nodeId, desk);
  return () => {
    if (desks.get(nodeId) === desk) desks.delete(nodeId);
  };
}

/** Somebody must do something before the station takes parts again; for anything else the sender may try the next part. */
const needsSomebody: ReadonlySet<ReasonKey> = new Set([
  'offline',
  'commissioning',
  'learning',
  'duplicateTrigger',
  'badPartId',
  'badTrigger',
]);

/** `POST goodpart/camera/<node id>/upload?part=<id>`: a JPEG or PNG is one part. Nothing of it is decoded in this process. */
export function serveUploads(RED: NodeAPI): void {
  const route = { path: 'camera/:node/upload', permission: 'goodpart.write', maxBytes } as const;
  uploadRoute(RED, route, async ({ params, query, read }) => {
    if (!desks.has(params.node)) throw unknownNode(params.node);
    const { part = '' } = query;
    if (typeof part !== 'string') throw invalidParameter('part', 'one part id', part);
    const data = await read();
    const desk = desks.get(params.node); // it may have been taken away while the picture came
    if (desk === undefined) throw unknownNode(params.node);
    return replyTo(desk(data, part));
  });
}

function replyTo(answer: ReturnType<UploadDesk>): RouteReply {
  if (answer === null) return { status: 202, body: { message: 'Taken, for learning: no inspection was opened' } };
  if (!isRefusal(answer)) {
    const { id, sequence, part } = answer;
    return { status: 202, body: { id, sequence, part: part.id } };
  }
  const status = needsSomebody.has(answer.reason) ? 409 : 503;
  const body = { code: 'GP_STATION_REFUSED', message: `Not accepted: ${answer.text}`, reason: answer.reason };
  return { status, body, headers: status === 503 ? { 'Retry-After': '1' } : {} };
}

function unknownNode(id: string): Refused {
  const expected = 'a camera node that runs and to which pictures are pushed';
  const { message, field, received } = invalidParameter('node', expected, id);
  return new Refused(404, new GoodpartError('GP_INPUT_INVALID', message, { field, expected, received }));
}
