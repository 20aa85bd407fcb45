import { join } from 'node:path';
import type { Inspection, View } from '../lib/core/inspection.ts';
import { EvidenceStore } from '../lib/evidence/evidence-store.ts';
import type { EvidencePolicyInput } from '../lib/evidence/policy.ts';
import type { Region } from '../lib/evidence/render.ts';
import type { OverlayView } from '../lib/imaging/overlay.ts';
import { type Lease, resources } from '../lib/node-red/resources.ts';
import type { Station } from '../lib/station/station.ts';

const evidenceFault = 401;

/** The one evidence child of this process: it journals, draws and encodes for all stations. */
export function takeEvidence(): Promise<Lease<EvidenceStore>> {
  return resources.take('evidence', {
    create: async () => new EvidenceStore(),
    destroy: (store) => store.stop(),
  });
}

/**
 * Keeps a record of every inspection that the station's ledger closes, whatever happens to messages and over deploys (law
 * 8): it listens to the ledger, not to the flow. What cannot be kept is counted where the PLC sees it.
 */
export function takeRecorder(
  station: Station,
  folder: string,
  policy: EvidencePolicyInput,
): Promise<Lease<{ store: EvidenceStore; key: string }>> {
  const key = station.id;
  return resources.take(`evidence ${key} ${JSON.stringify(policy)}`, {
    group: `evidence ${key}`,
    create: async () => {
      const { value: store, release } = await takeEvidence();
      const record = (inspection: Inspection) => {
        store.record(key, inspection, { regions: regionsOf(station) });
      };
      const onLost = (changed: string) => {
        if (changed === key) station.countEvidenceLost();
      };
      const onState = (changed: string, { ok, text }: { ok: boolean; text: string }) => {
        if (changed === key) station.setHealth('evidence', 'evidence', ok, ok ? 0 : evidenceFault, text);
      };
      store.on('state', onState);
      store.on('lost', onLost);
      const dir = join(folder, 'evidence');
      const opening = store.openStore(key, { dir, line: station.line, station: station.station, policy });
      opening.catch(() => {}); // it goes on trying; its state says what is wrong
      for (const inspection of station.closedAtStart) record(inspection);
      station.on('closed', record);
      const close = async () => {
        station.off('closed', record);
        store.off('state', onState);
        store.off('lost', onLost);
        station.forgetHealth('evidence');
        await store.closeStore(key);
        await release();
      };
      return { store, key, close };
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
  const { score, verdict, severity, reasons } = view;
  const rois = regions.map((region) => {
    const result = view.rois.find(({ index, name }) => index === region.index && name === region.name);
    return { ...region, ...result };
  });
  return { map: score?.map ?? null, rois, verdict, severity, text: reasons[0]?.text };
}
