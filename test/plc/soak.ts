import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Rehearsal, rehearsalUser } from '../../nodes/rehearsal.ts';
import { plcSoak, type SoakClients } from '../../nodes/soak.ts';
import { AsyncuaPeer } from './asyncua-peer.ts';
import { PlcPeer } from './plc-peer.ts';

const partsPerMinute = 900;
const mostParts = 10_000;
const uri = 'urn:goodpart:test:plc';
const trustTries = 20;

/** The PLC is pymodbus, asyncua reads. */
export function pymodbusPlc(python: string): (rehearsal: Rehearsal) => SoakClients {
  return ({ port, opcuaUrl: url, station }) => ({
    plc: new PlcPeer(python, { port }),
    reader: new PlcPeer(python, { url, station: station.id }),
    close: () => {},
  });
}

/** The PLC is asyncua with a user over Sign & Encrypt, pymodbus reads. */
export function asyncuaPlc(python: string): (rehearsal: Rehearsal) => Promise<SoakClients> {
  return async (rehearsal) => {
    const { port, opcuaUrl: url, station } = rehearsal;
    const folder = mkdtempSync(join(tmpdir(), 'goodpart-asyncua-'));
    const cert = join(folder, 'plc');
    const maker = new AsyncuaPeer(python);
    await maker.certificate({ file: cert, uri });
    maker.stop();
    const { name: user, password } = rehearsalUser;
    const plc = new PlcPeer(python, { url, station: station.id, cert, uri, user, password });
    await trusted(plc, rehearsal);
    const close = () => rmSync(folder, { recursive: true, force: true });
    return { plc, reader: new PlcPeer(python, { port }), close };
  };
}

/** Knocks until a person has moved its certificate to the trusted ones, and the server has noticed. */
async function trusted(plc: PlcPeer, rehearsal: Rehearsal): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await plc.open();
      return await plc.close();
    } catch (error) {
      await plc.close();
      if (tries === trustTries) throw error;
      rehearsal.trustClients();
      await pause(250);
    }
  }
}

/** `npm run soak -- test/plc`: the handshake with clients that are none of ours, in both directions, for about `seconds` each. */
export async function soak(seconds: number): Promise<Record<string, unknown>> {
  const python = process.env.GOODPART_TEST_PYTHON;
  if (!python) throw new Error('Expected GOODPART_TEST_PYTHON to name a Python with pymodbus and asyncua: see .ci/run');
  const o = { parts: Math.min(mostParts, Math.ceil((seconds * partsPerMinute) / 60)), partsPerMinute };
  const modbus = await plcSoak({ ...o, clients: pymodbusPlc(python) });
  const opcua = await plcSoak({ ...o, clients: asyncuaPlc(python) });
  return { ok: modbus.ok === true && opcua.ok === true, pymodbus: modbus, asyncua: opcua };
}
