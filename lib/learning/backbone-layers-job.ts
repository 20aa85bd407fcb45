import { join } from 'node:path';
import { SupervisedChild } from '../process/supervised-child.ts';
import type { BackboneLayers } from './features/backbone-layers.ts';

const deadlineMs = 60_000;

/** The layers of an ONNX network on this machine, listed in a child of their own. Throws GP_LEARN_FAILED, GP_MODEL_INVALID. */
export async function layersOf(path: string): Promise<BackboneLayers> {
  const child = new SupervisedChild({ name: 'layers', module: join(__dirname, 'learning-child.js') });
  child.on('failure', () => void child.stop().catch(() => {}));
  try {
    await child.start();
    const reply = await child.request('layers', { path }, [], { deadlineMs });
    return reply.body as BackboneLayers;
  } finally {
    await child.stop();
  }
}
