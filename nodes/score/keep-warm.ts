import { asGoodpartError } from '../../lib/core/errors.ts';
import type { ModelIdentity } from '../../lib/core/inspection.ts';
import type { StatusColour } from '../../lib/node-red/status.ts';
import type { Engine } from '../../lib/scoring/engine.ts';
import type { Station } from '../../lib/station/station.ts';
import type { ModelChoice, ModelRunner } from '../model/model-runner.ts';

const engineFault = 201;

export interface WarmParts {
  /** Of the node: who wants the model, and whose health it is. */
  id: string;
  station: Pick<Station, 'on' | 'off' | 'setHealth' | 'setDegraded' | 'forgetHealth'>;
  engine: Engine;
  runner: ModelRunner;
  /** What the active recipe names; null: nothing. */
  wanted(): ModelChoice | null;
  status(colour: StatusColour, text: string): void;
  warn(text: string): void;
}

/**
 * The model is loaded before the first part comes, and again when another recipe becomes active or the engine has come back; until then the
 * station is not ready.
 */
export class KeepWarm {
  readonly #o: WarmParts;
  readonly #key: string;
  #warmed = '';
  /** It runs what is wanted, as far as is known. */
  #sound = false;
  readonly #onSnapshot = () => this.#warm();
  readonly #onEngine = () => this.#engineChanged();

  constructor(o: WarmParts) {
    this.#o = o;
    this.#key = `score ${o.id}`;
  }

  start(): void {
    this.#o.station.on('snapshot', this.#onSnapshot);
    this.#o.engine.on('state', this.#onEngine);
    this.#warm();
  }

  stop(): void {
    this.#o.station.off('snapshot', this.#onSnapshot);
    this.#o.engine.off('state', this.#onEngine);
    this.#o.station.forgetHealth(this.#key);
  }

  /** Says that it works, and what it does less well than configured. */
  showGood(text: string): void {
    const { degraded } = this.#o.engine.stats();
    this.#setDegraded(degraded);
    if (degraded === undefined) this.#o.status('green', text);
    else this.#o.status('yellow', `${text}; ${degraded}`);
  }

  #warm(): void {
    const { station, runner, id, status, warn } = this.#o;
    const choice = this.#o.wanted();
    const key = JSON.stringify(choice);
    if (key === this.#warmed) return;
    this.#warmed = key;
    this.#sound = false;
    status('blue', 'loading the model');
    // not a fault, but until it is there no part can be judged
    station.setHealth(this.#key, 'engine', false, choice === null ? engineFault : 0, 'loading the model');
    runner.warm(id, choice).then(
      (model: ModelIdentity) => {
        if (key !== this.#warmed) return; // another recipe became active meanwhile
        this.#sound = true;
        this.#setHealth(true, '');
        this.showGood(`${model.name} version ${model.version}`);
      },
      (thrown: unknown) => {
        if (key !== this.#warmed) return;
        const error = asGoodpartError(thrown);
        this.#setHealth(false, error.message);
        status('red', error.message);
        if (choice !== null) warn(error.message);
      },
    );
  }

  #engineChanged(): void {
    const { state, lastError, degraded } = this.#o.engine.stats();
    if (state !== 'running') this.#sound = false;
    if (state === 'waiting') {
      this.#setHealth(false, lastError ?? 'the engine ended');
      this.#o.status('red', lastError ?? 'the engine ended');
    }
    if (state !== 'running') return;
    this.#setDegraded(degraded);
    if (this.#sound) return;
    // what it was asked for may not be loaded yet, or not any more
    this.#warmed = '';
    this.#warm();
  }

  #setHealth(ok: boolean, text: string): void {
    this.#o.station.setHealth(this.#key, 'engine', ok, ok ? 0 : engineFault, text);
  }

  #setDegraded(degraded: string | undefined): void {
    this.#o.station.setDegraded(this.#key, degraded !== undefined, degraded ?? '');
  }
}
