import type { DataValue, NodeId, ReferenceDescription } from 'node-opcua';
import { GoodpartError } from '../core/errors.ts';
import { OpcUaLink, type OpcUaLinkSettings } from './opcua-link.ts';
import { inChunks } from './opcua-mapping.ts';
import { browseDeadlineMs } from './settings.ts';

const maxBrowsed = 500;
const objectsFolder = 'ns=0;i=85';

export interface BrowsedNode {
  name: string;
  /** As it is written into a template. */
  nodeId: string;
  /** Object, Variable, Method, … */
  nodeClass: string;
  /** Name of a variable's data type, '' for others. */
  dataType: string;
}

export interface Browsed {
  nodes: BrowsedNode[];
  /** There are more than the 500 that are told. */
  more: boolean;
}

/** One level of a PLC's address space, below `nodeId` ('' = Objects), over a session of its own. Rejects with one sentence. */
export async function browseOpcUa(settings: OpcUaLinkSettings, nodeId: string): Promise<Browsed> {
  const deadline = AbortSignal.timeout(browseDeadlineMs(settings));
  const link = await OpcUaLink.open(settings, () => {}, deadline);
  const abandon = () => void link.end(false);
  deadline.addEventListener('abort', abandon, { once: true });
  try {
    return await level(link, nodeId || objectsFolder);
  } finally {
    deadline.removeEventListener('abort', abandon);
    await link.end(true);
  }
}

async function level(link: OpcUaLink, nodeId: string): Promise<Browsed> {
  const { BrowseDirection, NodeClass } = link.opcua;
  const { session } = link;
  session.requestedMaxReferencesPerNode = maxBrowsed;
  const result = await link.ask(() =>
    session.browse({
      nodeId: parsed(link, nodeId),
      referenceTypeId: 'HierarchicalReferences',
      includeSubtypes: true,
      browseDirection: BrowseDirection.Forward,
      resultMask: 63,
    }),
  );
  if (!result.statusCode.isGood()) throw link.error(`does not show ${nodeId}: ${result.statusCode.name}`);
  const { continuationPoint } = result;
  const unfinished = continuationPoint != null && continuationPoint.length > 0;
  if (unfinished) await link.ask(() => session.browseNext(continuationPoint, true));
  const references = (result.references ?? []).slice(0, maxBrowsed);
  const types = await dataTypes(link, references);
  return {
    nodes: references.map((reference) => ({
      name: reference.browseName.name ?? '',
      nodeId: reference.nodeId.toString(),
      nodeClass: NodeClass[reference.nodeClass],
      dataType: types.get(reference) ?? '',
    })),
    more: unfinished || (result.references?.length ?? 0) > maxBrowsed,
  };
}

function parsed(link: OpcUaLink, nodeId: string): NodeId {
  try {
    return link.opcua.coerceNodeId(nodeId);
  } catch {
    throw new GoodpartError(
      'GP_INPUT_INVALID',
      `Expected a node id such as ns=3;s="Goodpart" but received "${nodeId.slice(0, 100)}"`,
    );
  }
}

/** A PLC's own types by their browse names, the others by their usual ones. */
async function dataTypes(
  link: OpcUaLink,
  references: ReferenceDescription[],
): Promise<Map<ReferenceDescription, string>> {
  const { AttributeIds, DataType, NodeClass } = link.opcua;
  const read = async (nodes: NodeId[], attributeId: number): Promise<DataValue[]> => {
    const answers: DataValue[] = [];
    const wanted = nodes.map((nodeId) => ({ nodeId, attributeId }));
    for (const chunk of inChunks(wanted, 0)) answers.push(...(await link.ask(() => link.session.read(chunk))));
    return answers;
  };
  const variables = references.filter(({ nodeClass }) => nodeClass === NodeClass.Variable);
  const ids = (
    await read(
      variables.map(({ nodeId }) => nodeId),
      AttributeIds.DataType,
    )
  ).map(({ value }) => value?.value as NodeId | undefined);
  const own = new Map(ids.flatMap((id): [string, NodeId][] => (id && !isBuiltIn(id) ? [[id.toString(), id]] : [])));
  const named = await read([...own.values()], AttributeIds.BrowseName);
  const names = new Map(
    [...own.keys()].map((id, n) => [id, (named[n].value?.value as { name?: string } | null)?.name]),
  );
  const nameOf = (id: NodeId | undefined) => {
    if (id === undefined) return '';
    return isBuiltIn(id) ? DataType[Number(id.value)] : (names.get(id.toString()) ?? id.toString());
  };
  return new Map(variables.map((reference, n) => [reference, nameOf(ids[n])]));
}

function isBuiltIn({ namespace, value }: NodeId): boolean {
  return namespace === 0 && typeof value === 'number' && value <= 25;
}
