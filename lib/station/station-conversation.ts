import { commandCodes, commandStatus, dispositionOf, type PlcCommand } from '../core/commands.ts';
import { asGoodpartError, GoodpartError } from '../core/errors.ts';
import type { Inspection, TriggerRequest } from '../core/inspection.ts';
import { reason, reasonKeyOf } from '../core/reasons.ts';
import type { Refusal } from '../core/snapshot.ts';
import type { HandshakeMemory } from './handshake.ts';
import type { Answer } from './station-cameras.ts';
import { StationVersions } from './station-versions.ts';

/** Who brings a PLC's parts into the flow: one trigger node. */
export interface TriggerTaker {
  accepted(inspection: Inspection): void;
  refused(request: TriggerRequest, refusal: Refusal): void;
}

/** What became of a part, as the PLC has reported it. */
export interface DispositionReport {
  /** Of the inspection. */
  id: string;
  sequence: number;
  triggerId: number;
  disposition: string;
  utc: string;
}

const byPlc = 'PLC';

/** The part of the station that a PLC talks to: PLC.md section 2. What it has seen and answered is kept over restarts. */
export abstract class StationConversation extends StationVersions {
  #taker: TriggerTaker | null = null;
  /** Counts changes of the command code: an answer that comes later must find its own question. */
  #command = 0;

  abstract accept(request: TriggerRequest): Answer;
  abstract cancel(triggerId: number): boolean;

  /** From now on a PLC's triggers go here; the answer gives the place back. Null where it is taken. */
  takeTriggers(taker: TriggerTaker): (() => void) | null {
    if (this.#taker !== null) return null;
    this.#taker = taker;
    return () => {
      this.#taker = null;
    };
  }

  /** Does what a PLC asks for, in the order in which it was asked; answered by the next snapshot. `at`: monotonic, of the write. */
  obey(command: PlcCommand, at: number): void {
    this.tick();
    switch (command.kind) {
      case 'trigger':
        this.#trigger(command, at);
        break;
      case 'cancelled':
        this.cancel(command.triggerId);
        break;
      case 'acknowledge':
        this.handshake.take(command.sequence);
        break;
      case 'code':
        this.#code(command);
        break;
      case 'disposition':
        this.#disposition(command.triggerId, command.code);
        break;
      case 'watchdog':
        this.#watchdog(command.alive);
        break;
    }
    this.changed();
  }

  #trigger(command: PlcCommand & { kind: 'trigger' }, at: number): void {
    const triggerId = command.triggerId || (this.handshake.memory.triggerId % 65535) + 1;
    const { partId, expectedRecipe } = command;
    const request: TriggerRequest = { triggerId, partId, expectedRecipe, source: 'plc', at };
    const answer = this.#answer(request, command.refused);
    if (answer.refused) {
      this.#remember({ triggerId });
      this.#hand((taker) => taker.refused(request, answer));
    } else {
      this.#remember({ triggerId, accepted: triggerId });
      this.#hand((taker) => taker.accepted(answer.inspection), answer.inspection.id);
    }
  }

  #answer(request: TriggerRequest, refusedBefore: number | undefined): Answer {
    // The PLC has been told already, by the PLC process, while this one was silent.
    if (refusedBefore !== undefined) return this.refuse(request, reasonKeyOf(refusedBefore) ?? 'stationHung');
    if (this.#taker === null) {
      const detail = 'no trigger node of the flow takes the PLC’s triggers';
      return this.refuseWith(request, 'notReady', reason('notReady', { detail }).text);
    }
    return this.hardware.present ? this.announcePart(request) : this.accept(request);
  }

  /** A flow that fails at this part must not cost the next ones. */
  #hand(work: (taker: TriggerTaker) => void, id?: string): void {
    try {
      if (this.#taker !== null) work(this.#taker);
    } catch (thrown) {
      const { message } = asGoodpartError(thrown);
      if (id !== undefined) this.ledger.invalidate(id, reason('flowError', { detail: message }), this.now());
      this.tell('trouble', asGoodpartError(thrown));
      this.after();
    }
  }

  #code({ code, arg, from, refused }: PlcCommand & { kind: 'code' }): void {
    // Only a change from 0 asks for something; what is not done is refused, never left without an answer.
    const mayDo = code !== 0 && from === 0 && refused !== true && this.mode !== 'commissioning';
    this.#command += 1;
    if (code === 0) this.#remember({ code, status: commandStatus.idle });
    else this.#remember({ code, status: mayDo ? this.#execute(code, arg) : commandStatus.refused });
  }

  #execute(code: number, arg: number): number {
    try {
      const done = this.#do(code, arg);
      if (done instanceof Promise) {
        void this.#answerLater(code, done);
        return commandStatus.running;
      }
      return done === true ? commandStatus.done : commandStatus.refused;
    } catch (thrown) {
      return this.#failed(thrown);
    }
  }

  /** A command that takes its time is running until now. A PLC that went on meanwhile has taken its answer as given. */
  async #answerLater(code: number, work: Promise<unknown>): Promise<void> {
    const mine = this.#command;
    const status = await work.then(
      () => commandStatus.done,
      (thrown: unknown) => this.#failed(thrown),
    );
    if (mine === this.#command) this.#remember({ code, status });
    this.changed();
  }

  #failed(thrown: unknown): number {
    const error = asGoodpartError(thrown);
    this.tell('trouble', error);
    return error.code === 'GP_SWITCH_REFUSED' ? commandStatus.refused : commandStatus.failed;
  }

  #selectRecipe(arg: number, why: string): boolean | Promise<unknown> {
    if (this.recipes.get(arg) === undefined) return false;
    const held = () => (this.mode === 'commissioning' ? 'a person holds the station in commissioning' : null);
    const selected = this.beginSelection(arg, { by: byPlc, why, unless: held });
    return selected instanceof Promise ? selected : true;
  }

  #do(code: number, arg: number): boolean | Promise<unknown> {
    const why = `command ${code}`;
    switch (code) {
      case commandCodes.online:
        // The PLC does not make a station inspect that a person has put into shadow.
        if (this.mode === 'offline') this.setMode(this.identity.onlineMode, byPlc, why);
        return true;
      case commandCodes.offline:
        this.setMode('offline', byPlc, why);
        return true;
      case commandCodes.selectRecipe:
        return this.#selectRecipe(arg, why);
      case commandCodes.acknowledgeFault:
        this.acknowledgeFault(byPlc);
        return true;
      case commandCodes.resetAlarm:
        this.resetAlarm(byPlc);
        return true;
      case commandCodes.resetCounters:
        this.resetCounters(byPlc);
        return true;
      case commandCodes.challengeBegins:
        if (arg === 0 || this.mode === 'offline') return false;
        this.challenge = arg;
        this.audit('challenge', byPlc, `part ${arg}`);
        return true;
      case commandCodes.challengeEnds:
        this.challenge = 0;
        this.audit('challenge', byPlc, 'ended');
        return true;
      default:
        return false;
    }
  }

  #disposition(triggerId: number, code: number): void {
    this.#remember({ dispositionTrigger: triggerId, dispositionCode: code });
    const disposition = dispositionOf(code);
    const part = this.identity.recentParts.findLast((one) => one.triggerId === triggerId);
    const open = this.ledger.open().some((entry) => entry.sequence === part?.sequence);
    if (disposition === undefined || part === undefined || open) {
      const expected = open ? 'a part whose result is published' : 'one of the last parts, and a code from 1 to 5';
      const text = `The PLC reported what became of trigger ${triggerId} (code ${code}), expected ${expected}`;
      this.tell('trouble', new GoodpartError('GP_STATION_UNKNOWN_INSPECTION', text, { received: String(triggerId) }));
      return;
    }
    const { id, sequence } = part;
    const report: DispositionReport = { id, sequence, triggerId, disposition, utc: this.o.clock.utc() };
    this.tell('disposition', report);
  }

  #watchdog(alive: boolean): void {
    const text = 'The PLC’s heartbeat stands still';
    this.setCondition('plc', alive ? null : { kind: 'outOfSpecification', text });
  }

  #remember(change: Partial<HandshakeMemory>): void {
    this.handshake.note(change);
    this.identity.rememberHandshake(this.handshake.memory);
  }
}
