import { ModbusPlc } from '../../../lib/plc/simulator/modbus-plc.ts';
import { OpcUaPlc } from '../../../lib/plc/simulator/opcua-plc.ts';
import type { PartRecord } from '../../../lib/plc/simulator/part-book.ts';
import { type SimulatorOptions, simulatorSettings } from '../../../lib/plc/simulator/settings.ts';
import { LineSimulator } from '../../../lib/plc/simulator/simulator.ts';
import { type Rehearsal, rehearsalUser } from '../../../nodes/rehearsal.ts';
import { tempDir } from '../../kit/temp.ts';
import { until } from '../../kit/until.ts';

/** A simulated line before a rehearsal's station, in this process. */
export class TestLine {
  readonly records: PartRecord[] = [];
  readonly line: LineSimulator;

  constructor(rehearsal: Rehearsal, over: 'modbus' | 'opcua', more: Partial<SimulatorOptions> = {}) {
    const protocol =
      over === 'modbus'
        ? ({ kind: 'modbus', port: rehearsal.port } as const)
        : ({
            ...{ kind: 'opcua', url: rehearsal.opcuaUrl, pkiDir: tempDir('plc-pki') },
            ...{ user: rehearsalUser.name, password: rehearsalUser.password },
          } as const);
    const settings = simulatorSettings.parse({ protocol, ejectPosition: 14, pollMs: 5, ...more });
    const wire =
      settings.protocol.kind === 'modbus' ? new ModbusPlc(settings.protocol) : new OpcUaPlc(settings.protocol);
    this.line = new LineSimulator(settings, wire, { part: (record) => this.records.push(record) });
  }

  /** The PLC talks to the station; the belt moves once it believes it. */
  async start(): Promise<void> {
    this.line.run(false);
    this.line.start();
    await until('the blocks believe the station', () => !this.line.state().plc.allReject, { timeoutMs: 60_000 });
    this.line.run(true);
  }

  async allParts(timeoutMs: number): Promise<void> {
    await until('the last part has left the belt', () => this.line.finished, { timeoutMs, everyMs: 50 });
  }
}
