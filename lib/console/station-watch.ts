import type { Clock } from '../core/clock.ts';
import type { Inspection } from '../core/inspection.ts';
import { SlidingRates } from '../monitor/sliding-rates.ts';
import type { Station } from '../station/station.ts';
import type { EndpointView, StationView } from './overview-data.ts';

/** What the page shows beside the station itself; whoever owns it says how it is at the moment. */
export interface Surroundings {
  evidence?: () => NonNullable<StationView['evidence']>;
  endpoints?: () => EndpointView[];
}

/** Follows one station for the pages: its newest inspection and how many verdicts of each kind came lately. */
export class StationWatch {
  readonly station: Station;
  readonly #clock: Clock;
  readonly #rates: SlidingRates;
  #last: { inspection: Inspection; closedAt: number } | null = null;
  readonly #onClosed = (inspection: Inspection) => {
    const closedAt = this.#clock.mono();
    this.#last = { inspection, closedAt };
    if (inspection.verdict !== null) this.#rates.add(inspection.verdict, closedAt);
  };

  constructor(station: Station, clock: Clock) {
    this.station = station;
    this.#clock = clock;
    this.#rates = new SlidingRates(clock.mono());
    station.on('closed', this.#onClosed);
  }

  stop(): void {
    this.station.off('closed', this.#onClosed);
  }

  /** The newest closed inspection, with its frames; null before the first. */
  get last(): Inspection | null {
    return this.#last?.inspection ?? null;
  }

  view({ evidence, endpoints }: Surroundings = {}): StationView {
    const { station } = this;
    const recipe = station.recipes.active();
    const active = recipe && { number: recipe.number, version: recipe.version, name: recipe.name };
    return {
      snapshot: station.snapshot(),
      last: this.#last,
      faults: station.faults().map(({ text }) => ({ text })),
      conditions: station.conditions(),
      recipe: active,
      preparing: station.preparing && { number: station.preparing.number, version: station.preparing.version },
      shadow: station.shadow,
      alarmText: station.alarm?.text,
      rates: this.#rates.rates(this.#clock.mono()),
      evidence: evidence?.() ?? null,
      endpoints: endpoints?.() ?? [],
    };
  }
}
