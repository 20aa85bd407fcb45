import { mixSeed, seededRandom } from './random.ts';

const idPattern = /^SIM-(\d{1,9})$/;

/** Id of part `number` (1..999999999) of a simulated line: what stands on it, as its code reader says it. */
export function simulatedPartId(number: number): string {
  return `SIM-${String(number).padStart(6, '0')}`;
}

/** The number in such an id, null where it is another part's. */
export function simulatedPartNumber(id: string): number | null {
  const found = idPattern.exec(id);
  return found === null ? null : Number(found[1]);
}

/** Whether part `number` has a defect: the same for the camera that draws it and for the belt that carries it. */
export function simulatedDefect({ seed, defectRate }: { seed: number; defectRate: number }, number: number): boolean {
  return seededRandom(mixSeed(seed, number))() < defectRate;
}
