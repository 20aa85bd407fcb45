import type { Inspection, ScoreResult, View } from '../core/inspection.ts';
import type { EvidenceRecord } from './record.ts';

export interface Software {
  package: string;
  version: string;
  node: string;
}

const longestText = 2_000;

/**
 * The record of a judged inspection, without files yet; plain JSON that shares nothing with the inspection. Texts from
 * outside are data in it and nothing else.
 */
export function buildRecord(
  inspection: Inspection & { verdict: NonNullable<Inspection['verdict']> },
  o: { at: EvidenceRecord['at']; software: Software; pictures: EvidenceRecord['pictures'] },
): EvidenceRecord {
  const { id, sequence, line, station, part, trigger, mode, simulated, recipe, validation, reasons } = inspection;
  const { verdict, severity, accept, warnAccepted, deadline, timings } = inspection;
  const { triggerId, source, expectedRecipe, at, utc } = trigger;
  const draft = {
    schema: 1,
    ...{ id, sequence, line, station, part: { id: part.id }, trigger: { triggerId, source, expectedRecipe, at, utc } },
    ...(inspection.challenge > 0 && { challenge: inspection.challenge }),
    ...{ mode, simulated, recipe, validation, verdict, severity, accept, warnAccepted, reasons },
    views: inspection.views.map(viewOf),
    ...{ deadline, timings },
    ...{ at: o.at, pictures: o.pictures, files: [], software: o.software },
  };
  const notFinite: EvidenceRecord['notFinite'] = [];
  const cut: string[] = [];
  return { ...(plain(draft, '', notFinite, cut) as Omit<EvidenceRecord, 'notFinite' | 'cut'>), notFinite, cut };
}

function viewOf(view: View) {
  const { name, camera, frame, scene, score, verify, defectClass, rois, severity, verdict, reasons } = view;
  return {
    ...{ name, camera, frame: frame === null ? null : frame.info },
    ...(scene && { scene }),
    score: score && scoreOf(score),
    ...(verify && { verify: { ...verify, score: verify.score && scoreOf(verify.score) } }),
    ...(defectClass && { defectClass }),
    ...{ rois, severity, verdict, reasons },
  };
}

function scoreOf({ score, model, engine, provider, timings, image, map, registration }: ScoreResult) {
  return {
    ...{ value: score, model, engine, provider, timings, image },
    map: map && { width: map.width, height: map.height },
    ...(registration && { registration }),
  };
}

/** A copy that JSON can hold without loss of meaning. */
function plain(value: unknown, path: string, notFinite: EvidenceRecord['notFinite'], cut: string[]): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    notFinite.push({ path, value: String(value) as 'NaN' });
    return null;
  }
  if (typeof value === 'string' && value.length > longestText) {
    cut.push(path);
    return value.slice(0, longestText);
  }
  if (typeof value !== 'object' || value === null) return value;
  const at = (key: string | number) => (path === '' ? String(key) : `${path}.${key}`);
  if (Array.isArray(value)) return value.map((item, i) => plain(item, at(i), notFinite, cut));
  // fromEntries defines own properties, so a key named __proto__ stays a key
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, at(key), notFinite, cut)]));
}
