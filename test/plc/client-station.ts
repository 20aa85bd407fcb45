import { systemClock } from '../../lib/core/clock.ts';
import { verdictCodes } from '../../lib/core/inspection.ts';
import type { PublishedResult, StationSnapshot } from '../../lib/core/snapshot.ts';
import { EndpointKeeper, type StationView } from '../../lib/plc/endpoint.ts';
import { makeProtocol } from '../../lib/plc/protocols.ts';
import type { EndpointSettings, EndpointState } from '../../lib/plc/settings.ts';
import { StationState } from '../../lib/plc/station-state.ts';
import { makeResult, makeSnapshot } from './snapshots.ts';

/** A station's snapshot with this newest result, and the last eight in its ring. */
export function withRing(results: readonly PublishedResult[], more: Partial<StationSnapshot> = {}): StationSnapshot {
  const ring = results
    .slice(-8)
    .reverse()
    .map(({ sequence, triggerId, verdict, reason, severity }) => {
      return { sequence, triggerId, code: verdictCodes[verdict], reason, severity };
    });
  return makeSnapshot(results.at(-1) ?? null, { ring, ...more });
}

/** A station as a client protocol sees it, rendered by the real parts; what is read of the PLC's commands is only noted. */
export class ClientStation {
  readonly view: StationView;
  readonly commands: { words: number[]; first: boolean }[] = [];
  heartbeat = 0;
  readonly results: PublishedResult[] = [];
  #closing = false;
  #state: StationState;
  #keeper: EndpointKeeper | undefined;
  #beat: NodeJS.Timeout | undefined;

  constructor(id = 'st1') {
    this.#state = new StationState(makeSnapshot(null, { id }));
    this.view = {
      id,
      title: id,
      values: () =>
        this.#state.render({
          heartbeat: this.heartbeat,
          condition: this.#closing ? 'closing' : 'alive',
          now: systemClock.mono(),
        }),
      write: () => {},
      writePartId: () => {},
      evaluate: () => {},
      coil: () => false,
      setCoil: () => {},
      commandsRead: (words, first) => void this.commands.push({ words: Array.from(words), first }),
    };
  }

  /** Shows the station on this protocol and keeps it open; time goes on every 20 ms. */
  show(settings: EndpointSettings, slot = 0): EndpointKeeper {
    const { protocol, address } = makeProtocol(settings);
    const keeper = new EndpointKeeper(
      protocol,
      { address, backoff: { minMs: 20, maxMs: 100, resetAfterMs: 1000 } },
      (state) => void this.states.push(state),
    );
    protocol.attach(this.view, slot);
    this.live(keeper);
    keeper.start();
    return keeper;
  }

  readonly states: EndpointState[] = [];

  /** The host's share: each 20 ms the protocol is told that time went on. */
  live(keeper: EndpointKeeper): void {
    this.#keeper = keeper;
    this.#beat = setInterval(() => {
      keeper.server.refresh(this.view.id);
      keeper.report();
    }, 20);
  }

  publish(more: Partial<PublishedResult> = {}): PublishedResult {
    const sequence = (this.results.at(-1)?.sequence ?? 0) + 1;
    const result = makeResult(sequence, more);
    this.results.push(result);
    this.apply(withRing(this.results, { id: this.view.id }));
    return result;
  }

  apply(snapshot: StationSnapshot): void {
    this.#state.apply(snapshot);
    this.#keeper?.server.refresh(this.view.id);
  }

  async close(orderly = true): Promise<void> {
    this.#closing = orderly;
    clearInterval(this.#beat);
    await this.#keeper?.close(orderly);
  }
}
