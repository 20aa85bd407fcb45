import type { DataValue, NodeId, VariantLike } from 'node-opcua';
import type { Place } from './client.ts';
import type { OpcUaLink } from './opcua-link.ts';
import { type Opcua, tagVariant } from './opcua-variant.ts';
import { type Tag, tagTable } from './tag-table.ts';
import type { TagValues } from './tag-values.ts';

/** Nodes read or written by one request, where the PLC does not want fewer. */
const maxNodes = 100;
const shownNames = 5;

const mandatory = new Set([
  ...['Status.Word', 'Status.BootId', 'Status.Heartbeat', 'Result.Sequence', 'Result.TriggerId'],
  ...['Result.Code', 'Result.Accept', 'Result.Reason'],
]);

/** A tag, or one bit of it, and its node in the PLC. */
export interface MappedNode {
  name: string;
  tag: Tag;
  nodeId: NodeId;
  type: string;
  count: number;
  variant(values: TagValues): VariantLike;
}

export interface Mapping {
  shown: MappedNode[];
  commands: MappedNode[];
  /** How many tags the PLC has no node for, commands aside. */
  absent: number;
}

/** Lists cut into requests that the PLC takes. */
export function inChunks<T>(list: readonly T[], limit: number): T[][] {
  const size = limit > 0 ? Math.min(limit, maxNodes) : maxNodes;
  return Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size));
}

/** Up to five names, and how many more. */
export function naming(names: readonly string[]): string {
  const more = names.length > shownNames ? ` and ${names.length - shownNames} more` : '';
  return names.slice(0, shownNames).join(', ') + more;
}

/** The node ids that the template gives, for every tag and bit. */
function candidates(opcua: Opcua, template: string, station: string): MappedNode[] {
  const nodeIdOf = (name: string) => {
    const [folder, own] = name.split('.');
    const filled = template.replaceAll('{station}', station).replaceAll('{folder}', folder).replaceAll('{name}', own);
    const [, namespace = '0', text] = /^(?:ns=(\d+);)?s=(.*)$/s.exec(filled) ?? [];
    if (text === undefined) return opcua.coerceNodeId(filled);
    return new opcua.NodeId(opcua.NodeIdType.STRING, text, Number(namespace));
  };
  return tagTable.flatMap((tag): MappedNode[] => {
    if (tag.opcua === null) return [];
    const whole: MappedNode = {
      name: tag.name,
      tag,
      nodeId: nodeIdOf(tag.name),
      type: tag.opcua.type,
      count: tag.count,
      variant: (values) => tagVariant(opcua, tag, values),
    };
    const bits = (tag.bits ?? []).map((bit, index): MappedNode => {
      const name = `${tag.name.split('.')[0]}.${bit}`;
      const variant = (values: TagValues) => ({
        dataType: opcua.DataType.Boolean,
        value: (tag.value(values) as readonly boolean[])[index],
      });
      return { name, tag, nodeId: nodeIdOf(name), type: 'Boolean', count: 1, variant };
    });
    return [whole, ...bits];
  });
}

/**
 * Finds the PLC's nodes for a station and compares them with the tag table. Rejects with one sentence that names up to five tags where
 * types, ranks or access differ or a mandatory tag is missing.
 */
export async function mapStation(
  link: OpcUaLink,
  template: string,
  { id }: Place,
  readLimit: number,
): Promise<Mapping> {
  const { AttributeIds } = link.opcua;
  const all = candidates(link.opcua, template, id);
  const read = async (nodes: readonly MappedNode[], attributeIds: number[]): Promise<DataValue[][]> => {
    const wanted = nodes.flatMap(({ nodeId }) => attributeIds.map((attributeId) => ({ nodeId, attributeId })));
    const answers: DataValue[] = [];
    for (const chunk of inChunks(wanted, readLimit)) answers.push(...(await link.ask(() => link.session.read(chunk))));
    return nodes.map((_, n) => answers.slice(n * attributeIds.length, (n + 1) * attributeIds.length));
  };
  const dataTypes = await read(all, [AttributeIds.DataType]);
  const present = all.filter((_, n) => !/^BadNodeId/.test(dataTypes[n][0].statusCode.name));
  const found = new Set(present);
  const missing = all.filter(({ name }) => mandatory.has(name)).filter((node) => !found.has(node));
  if (missing.length > 0) {
    throw link.error(`has no node for ${naming(missing.map(({ name, nodeId }) => `${name} (${nodeId})`))}`);
  }
  const details = await read(present, [
    AttributeIds.DataType,
    AttributeIds.ValueRank,
    AttributeIds.ArrayDimensions,
    AttributeIds.UserAccessLevel,
    AttributeIds.Value,
  ]);
  const faults = present.flatMap((node, n) => faultOf(link.opcua, node, details[n]) ?? []);
  if (faults.length > 0) throw link.error(`does not fit: ${naming(faults)}`);
  const isCommand = ({ tag }: MappedNode) => tag.access === 'rw';
  const shown = present.filter((node) => !isCommand(node));
  return {
    shown,
    commands: present.filter(isCommand),
    absent: all.filter((node) => !isCommand(node)).length - shown.length,
  };
}

/** "Result.Severity: expected Float, the PLC has Int16", or undefined where the node fits. */
function faultOf(opcua: Opcua, node: MappedNode, [dataType, valueRank, dimensions, access, value]: DataValue[]) {
  const { name, type, count, tag } = node;
  const has = typeName(opcua, dataType, value);
  const rank = valueRank.statusCode.isGood() ? (valueRank.value.value as number) : -2;
  const length = Number((dimensions.value?.value as ArrayLike<number> | null | undefined)?.[0] ?? 0);
  const anyRank = rank === -2 || rank === -3;
  const isArray = rank >= 0 || (anyRank && Array.isArray(value.value?.value));
  const fitsRank =
    count === 1 ? !isArray : anyRank || ((rank === 0 || rank === 1) && (length === 0 || length === count));
  const expected = count === 1 ? type : `${type}[${count}]`;
  const shape = isArray ? `${has}[${length || ''}]` : has;
  if (has !== type || !fitsRank) return `${name}: expected ${expected}, the PLC has ${shape}`;
  if (!access.statusCode.isGood()) return undefined;
  const { AccessLevelFlag } = opcua;
  const needed = tag.access === 'rw' ? AccessLevelFlag.CurrentRead : AccessLevelFlag.CurrentWrite;
  if (((access.value.value as number) & needed) !== 0) return undefined;
  return `${name}: it may not be ${tag.access === 'rw' ? 'read' : 'written'}`;
}

/** The built-in type: PLCs name their own (WORD), whose values say what they are made of. */
function typeName(opcua: Opcua, dataType: DataValue, value: DataValue): string {
  const id = dataType.value?.value as NodeId | undefined;
  if (id !== undefined && id.namespace === 0 && typeof id.value === 'number' && id.value <= 25) {
    return opcua.DataType[id.value] ?? String(id);
  }
  const builtIn = value.value?.dataType;
  return builtIn ? opcua.DataType[builtIn] : `${id ?? dataType.statusCode.name}`;
}
