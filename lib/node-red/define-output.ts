import type { NodeAPI } from 'node-red';
import type { EndpointView } from '../console/overview-data.ts';
import { invalidParameter } from '../core/errors.ts';
import type { StationSnapshot } from '../core/snapshot.ts';
import type { Station } from '../station/station.ts';
import { claim } from './claims.ts';
import type { NodeConfig, ValuesOf } from './config/config.ts';
import { showEndpoint } from './console.ts';
import { defineNode } from './define-node.ts';
import { requireRef } from './messages.ts';
import { instanceOf, resources } from './resources.ts';

/** What an endpoint node offers its output nodes, whatever the protocol. */
export interface PlcEndpoint {
  /** Tells endpoints, and one endpoint's configurations, apart. */
  readonly key: string;
  /** Shows a station on this endpoint, at a slot where the protocol has slots; returns how to take it off again. */
  attach(snapshot: StationSnapshot, slot: number): () => void;
  /** Hands over the station's newest truth. Never blocks, never throws. */
  publish(snapshot: StationSnapshot): void;
  /** For the node's status and the console. */
  state(): EndpointView;
  /** Calls back whenever `state` may have changed; returns how to stop that. */
  onState(callback: () => void): () => void;
}

/** While it is shown, a PLC reads the station's newest truth, over deploys as well; the answer takes it off the endpoint. */
function showStation(station: Station, endpoint: PlcEndpoint, slot: number): () => void {
  const detach = endpoint.attach(station.snapshot(), slot);
  const onSnapshot = (snapshot: StationSnapshot) => endpoint.publish(snapshot);
  station.on('snapshot', onSnapshot);
  return () => {
    station.off('snapshot', onSnapshot);
    // at the end of the process the endpoint says 0/0/0 of its stations and closes: without them it could not
    if (!resources.draining) detach();
  };
}

/** What the configuration of every output node has. */
interface OutputValues {
  station: string;
  endpoint: string;
}

/**
 * An output node: while deployed the station is shown on its endpoint, snapshot by snapshot, whatever happens to messages.
 * A judged inspection is closed and published on ALL endpoints of the station when it reaches the first output node; later
 * ones give receipts.
 */
export function defineOutput<C extends NodeConfig>(
  RED: NodeAPI,
  config: C,
  protocol: { endpointType: string; slot: (values: ValuesOf<C>) => number },
): void {
  defineNode(RED, config, async (kit) => {
    const values = kit.config as ValuesOf<C> & OutputValues;
    const station = await kit.use<Station>('station', 'goodpart-station', values.station);
    const endpoint = await kit.use<PlcEndpoint>('endpoint', protocol.endpointType, values.endpoint);

    const slot = protocol.slot(values);
    const place = `${station.id} ${endpoint.key}`;
    const onePlace = () => {
      const expected = 'the same slot as the other output of this station on this endpoint';
      return invalidParameter('slot', expected, slot, 'GP_CONFIG_INVALID');
    };
    kit.onClose(claim(`shown ${place}`, `${slot}`, onePlace));
    kit.onClose(station.attachOutput());
    const shown = await resources.take(`shown ${slot} ${place} ${instanceOf(station)} ${instanceOf(endpoint)}`, {
      // one that a deploy left behind, of this node, of this station or in this slot, must not stand in the way
      group: [`shown by ${kit.id}`, `shown ${place}`, `slot ${slot} ${endpoint.key}`],
      create: async () => showStation(station, endpoint, slot),
      destroy: async (hide) => hide(),
    });
    kit.onClose(() => shown.release());
    kit.onClose(showEndpoint(station.id, endpoint.key, () => endpoint.state()));
    const show = () => {
      const { ok, text } = endpoint.state();
      kit.status(ok ? 'green' : 'red', text);
    };
    kit.onClose(endpoint.onState(show));
    show();

    return {
      input: (message, send) => {
        const { id, view } = requireRef(message, station);
        const receipt = station.publish(id);
        const inspection = station.describe(id, view);
        kit.status('green', `${inspection.sequence} ${inspection.verdict ?? receipt}`);
        send({ ...message, published: receipt, inspection });
      },
    };
  });
}
