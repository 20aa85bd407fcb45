/** How PLCs call the members of a structure; the first part is what an engineer will change. */
export const templatePresets = {
  siemens: 'ns=3;s="Goodpart"."{folder}"."{name}"',
  codesys: 'ns=4;s=|var|CODESYS Control for Linux SL.Application.Goodpart.{folder}.{name}',
  twincat: 'ns=4;s=Goodpart.{folder}.{name}',
} as const;

export type TemplatePreset = keyof typeof templatePresets;

/** The end of a tag's own node id, e.g. `"Result"."Sequence"` or `Result.Sequence`. */
const ofTag = /^(.*[^\w])(?:Status|Health|Result|Ring|Roi|Counters|Command|Shadow|Alarm)(["\]]?[./]["[]?)\w+(["\]]?)$/;

/** The template that this node gives: one of the station's tags, or the structure that holds them. Null where its id is no text. */
export function templateFor(nodeId: string): string | null {
  if (!/^(?:ns=\d+;)?s=./.test(nodeId)) return null;
  const [, before, between, after] = ofTag.exec(nodeId) ?? [];
  if (before !== undefined) return `${before}{folder}${between}{name}${after}`;
  // Siemens puts each part of a name in quotation marks
  return nodeId.endsWith('"') ? `${nodeId}."{folder}"."{name}"` : `${nodeId}.{folder}.{name}`;
}
