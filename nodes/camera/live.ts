import type { NodeAPI } from 'node-red';
import type { Camera } from '../../lib/capture/camera.ts';
import { LiveWatch } from '../../lib/capture/live-watch.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { GoodpartError } from '../../lib/core/errors.ts';
import { adminRoute, type RouteReply } from '../../lib/node-red/routes.ts';

/** A camera that runs, as its open dialogs see it. */
interface LiveDesk {
  watch: LiveWatch;
  takePicture(): Promise<number>;
  readSettings: Camera['readSettings'];
}

/** Somebody stands there and waits, and no part does. */
const inPersonMs = 5_000;

const desks = new Map<string, LiveDesk>();

export interface LiveOptions {
  nodeId: string;
  camera: Camera;
  timeoutMs: number;
  /** Whether an inspection of the camera's station is under way. */
  inspecting: () => boolean;
}

/** Shows a running camera to its dialogs until the answer is called. */
export function showLive({ nodeId, camera, timeoutMs, inspecting }: LiveOptions): () => void {
  const watch = new LiveWatch(camera);
  let taking: Promise<number> | undefined;
  const take = async () => {
    const { delivery } = await watch.look();
    if (delivery !== null && delivery !== 'on-demand') {
      throw new GoodpartError('GP_INPUT_INVALID', 'This camera takes its pictures by itself');
    }
    if (inspecting()) {
      throw new GoodpartError('GP_INPUT_INVALID', 'A part is being inspected: try again when it is done');
    }
    const { info } = await camera.capture({ after: systemClock.mono(), timeoutMs: Math.max(timeoutMs, inPersonMs) });
    return info.number;
  };
  const desk: LiveDesk = {
    watch,
    takePicture: () => {
      taking ??= take().finally(() => {
        taking = undefined;
      });
      return taking;
    },
    readSettings: () => camera.readSettings(),
  };
  desks.set(nodeId, desk);
  return () => {
    watch.stop();
    if (desks.get(nodeId) === desk) desks.delete(nodeId);
  };
}

const notDeployed: RouteReply = { status: 404, body: { message: 'This camera does not run: deploy it first' } };
const notRunning: RouteReply = {
  status: 409,
  body: { message: 'This camera is starting, or could not start: its status says why' },
};
const noPicture: RouteReply = { status: 404, body: { message: 'There is no picture of this camera yet' } };

/** What a camera's dialog shows, behind `goodpart.read`; what makes the camera do something, behind `goodpart.write`. */
export function serveLive(RED: NodeAPI): void {
  const route = (
    method: 'get' | 'post',
    path: string,
    answer: (desk: LiveDesk) => Promise<RouteReply> | RouteReply,
  ): void => {
    const permission = method === 'get' ? 'goodpart.read' : 'goodpart.write';
    adminRoute(RED, method, `camera/:node/${path}`, permission, ({ params }) => {
      const desk = desks.get(params.node);
      if (desk !== undefined) return answer(desk);
      return RED.nodes.getNode(params.node)?.type === 'goodpart-camera' ? notRunning : notDeployed;
    });
  };
  route('get', 'live', async ({ watch }) => ({ body: await watch.look() }));
  route('get', 'live/picture', ({ watch }) => {
    const preview = watch.preview();
    if (preview === null) return noPicture;
    return { type: 'image/jpeg', headers: { 'X-Goodpart-Frame': String(preview.number) }, body: preview.jpeg };
  });
  route('post', 'picture', async ({ takePicture }) => ({ body: { number: await takePicture() } }));
  route('post', 'settings', async ({ readSettings }) => ({ body: { settings: await readSettings() } }));
}
