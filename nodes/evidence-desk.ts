import { join } from 'node:path';
import { captionOf } from '../lib/core/caption.ts';
import { GoodpartError } from '../lib/core/errors.ts';
import { decidingScore, type Inspection, type TriggerRequest, type View } from '../lib/core/inspection.ts';
import type { Refusal } from '../lib/core/snapshot.ts';
import { EvidenceStore } from '../lib/evidence/evidence-store.ts';
import type { EvidencePolicyInput } from '../lib/evidence/policy.ts';
import type { Region } from '../lib/evidence/render.ts';
import type { OverlayView } from '../lib/imaging/overlay.ts';
import { claim } from '../lib/node-red/claims.ts';
import { instanceOf, type Lease, resources } from '../lib/node-red/resources.ts';
import type { Station } from '../lib/station/station.ts';
import type { DispositionReport } from '../lib/station/station-conversation.ts';

const evidenceFault = 401;

/** The one evidence child of this process: it journals, draws and encodes for all stations. */
export function takeEvidence(): Promise<Lease<EvidenceStore>> {
  return resources.take('evidence', {
    create: async () => {
      const store = new EvidenceStore();
      store.setMaxListeners(0); // one or two for each station
      return store;
    },
    destroy: (store) => store.stop(),
  });
}

/**
 * Keeps a record of every inspection that the station's ledger closes, whatever happens to messages and over deploys (law
 * 8): it listens to the ledger, not to the flow. What cannot be kept is counted where the PLC sees it. Another policy takes
 * effect in a recorder that goes on recording.
 */
export async function takeRecorder(
  station: Station,
  folder: string,
  policy: EvidencePolicyInput,
): Promise<Lease<{ store: EvidenceStore; key: string }>> {
  const key = station.id;
  const giveBack = claim(`evidence ${key}`, JSON.stringify(policy), () => {
    const expected = 'the same settings as the other evidence node of this station';
    const text = `Expected ${expected} but received different ones`;
    return new GoodpartError('GP_CONFIG_INVALID', text, { field: 'station', expected });
  });
  try {
    const { value, release } = await takeRecording(station, folder);
    value.keep(policy);
    return {
      value,
      release: () => {
        giveBack();
        return release();
      },
    };
  } catch (error) {
    giveBack();
    throw error;
  }
}

function takeRecording(station: Station, folder: string) {
  const key = station.id;
  return resources.take(`evidence ${key} ${instanceOf(station)}`, {
    group: `evidence ${key}`,
    create: async () => {
      const { value: store, release } = await takeEvidence();
      const record = (inspection: Inspection) => {
        store.record(key, inspection, { regions: regionsOf(station) });
      };
      const recordRefusal = (request: TriggerRequest, refusal: Refusal) => {
        store.recordRefusal(key, request, refusal);
      };
      const recordDisposition = (report: DispositionReport) => {
        store.recordDisposition(key, report);
      };
      const onLost = (changed: string) => {
        if (changed === key) station.countEvidenceLost();
      };
      const onState = (changed: string, { ok, text }: { ok: boolean; text: string }) => {
        if (changed === key) station.setHealth('evidence', 'evidence', ok, ok ? 0 : evidenceFault, text);
      };
      store.on('state', onState);
      store.on('lost', onLost);
      const { line, station: name } = station;
      let kept = '';
      const keep = (policy: EvidencePolicyInput) => {
        if (JSON.stringify(policy) === kept) return;
        const first = kept === '';
        kept = JSON.stringify(policy);
        const opening = store.openStore(key, { dir: join(folder, 'evidence'), line, station: name, policy });
        opening.catch(() => {}); // it goes on trying; its state says what is wrong
        if (!first) return;
        for (const inspection of station.closedAtStart) record(inspection);
        station.on('closed', record);
        station.on('refused', recordRefusal);
        station.on('disposition', recordDisposition);
      };
      const close = async () => {
        station.off('closed', record);
        station.off('refused', recordRefusal);
        station.off('disposition', recordDisposition);
        store.off('state', onState);
        store.off('lost', onLost);
        station.forgetHealth('evidence');
        await store.closeStore(key);
        await release();
      };
      return { store, key, keep, close };
    },
    destroy: ({ close }) => close(),
  });
}

/** The outlines that the overlay shows. */
export function regionsOf(station: Station): Record<string, Region[]> {
  const views = Object.entries(station.recipes.active()?.views ?? {});
  return Object.fromEntries(views.map(([name, { rois }]) => [name, rois]));
}

/** A view as the ledger knows it, for drawing: each outline with its result where there is one. */
export function overlayOf(view: View, regions: Region[]): OverlayView {
  const { verdict, severity, reasons, defectClass } = view;
  const score = decidingScore(view);
  const rois = regions.map((region) => {
    const result = view.rois.find(({ index, name }) => index === region.index && name === region.name);
    return { ...region, ...result };
  });
  const place = score?.registration && { registration: score.registration };
  return { map: score?.map ?? null, rois, verdict, severity, text: captionOf(reasons[0]?.text, defectClass), ...place };
}
