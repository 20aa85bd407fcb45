import type { FlowNode } from './flows.ts';
import { until } from './until.ts';

/** The sentence with which a node refuses this message. */
export async function refusal(node: FlowNode, message: object): Promise<string> {
  const said: string[] = [];
  const listener = ({ firstArg }: { firstArg: unknown }) => {
    said.push(firstArg instanceof Error ? firstArg.message : String(firstArg));
  };
  node.on('call:error', listener as (call: never) => void);
  try {
    node.receive(message);
    return await until(`${node.id} refuses it`, () => said[0]);
  } finally {
    node.off('call:error', listener as (call: never) => void);
  }
}
