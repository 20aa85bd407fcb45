import { systemClock } from '../core/clock.ts';
import type { StationSnapshot } from '../core/snapshot.ts';
import { type ChildSide, serveChild } from '../process/serve-child.ts';
import { PlcHost } from './host.ts';
import { browseOpcUa } from './opcua-browse.ts';
import type { OpcUaLinkSettings } from './opcua-link.ts';
import { loadOpcua } from './opcua-server.ts';
import type { DesiredEndpoint } from './settings.ts';

/** The PLC child: outlives Node-RED for `lingerMs`, to say to the PLC that it is gone. */
interface Arguments {
  lingerMs: number;
  silenceMs: number;
  heartbeatMs: number;
}

/** Whatever a server's shutdown may hang on: this process ends. */
const closingMs = 2000;

const { lingerMs, silenceMs, heartbeatMs } = JSON.parse(process.argv[2] ?? '{}') as Arguments;

// With the parent dead nobody reads these, and a library's log line must not end this process.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

let parent: ChildSide | undefined;
const host = new PlcHost(
  { clock: systemClock, silenceMs, heartbeatMs },
  {
    endpoint: (key, state) => parent?.tell('endpoint', { key, ...state }),
    told: (stationId, results) => parent?.tell('told', { stationId, results }),
    resumed: () => parent?.tell('resumed', null),
    commands: (stationId, handed, at) => parent?.tell('commands', { stationId, handed, at }),
  },
);

let configuration = 0;
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

parent = serveChild(
  {
    configure: async ({ endpoints }: { endpoints: DesiredEndpoint[] }) => {
      configuration += 1;
      const mine = configuration;
      // Before the first tick of a new endpoint, so that the one long pause happens while the parent awaits this answer.
      if (endpoints.some(({ settings }) => settings.kind.startsWith('opcua'))) await loadOpcua().catch(() => {}); // its endpoint says so
      if (mine === configuration) host.configure(endpoints);
      return undefined;
    },
    publish: ({ snapshot, handled }: { snapshot: StationSnapshot; handled: number }) => {
      host.publish(snapshot, handled);
      return undefined;
    },
    withdraw: ({ id }: { id: string }) => {
      host.withdraw(id);
      return undefined;
    },
    browse: async ({ settings, nodeId }: { settings: OpcUaLinkSettings; nodeId: string }) => ({
      body: await browseOpcUa(settings, nodeId),
    }),
    alive: () => {
      host.alive();
      return undefined;
    },
  },
  {
    start: async () => host.start(),
    stop: () => Promise.race([host.close({ orderly: true }), pause(closingMs)]),
    orphaned: async () => {
      host.orphaned();
      await pause(lingerMs);
      await Promise.race([host.close({ orderly: false }), pause(closingMs)]);
    },
  },
);
