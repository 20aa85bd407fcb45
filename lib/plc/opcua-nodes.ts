import type { AddressSpace, StatusCode, UAObject, UAVariable, VariantLike } from 'node-opcua';
import type { StationView } from './endpoint.ts';
import { isSame, type Opcua, type Said, said, tagVariant, variantOf } from './opcua-variant.ts';
import type { CommandWrites } from './opcua-writes.ts';
import { encodeRegisters } from './registers.ts';
import { type Tag, tagTable } from './tag-table.ts';
import type { ResultQuality, TagValues } from './tag-values.ts';

/** Registers that `<id>.Image` repeats. */
const imageLength = 100;
/** Tags whose value moves with the clock are computed when read, and sampled for subscribers this often. */
const sampledMs = 100;
/** OPC UA's 0: a subscriber that asks for it hears of every change, however short, instead of samples. */
const everyChange = 0;
const readWhenAsked = 'Result.Age';
/** Written last: PLCs trigger on its change. */
const lastWritten = 'Result.Sequence';

/** A tag's node, and one for each of its bits. */
interface Node {
  tag: Tag;
  variable: UAVariable;
  bits: UAVariable[];
  /** Whether the node carries the quality of the result in its status. */
  ofResult: boolean;
  /** What was set last, to leave alone what did not change. */
  shown?: { value: Said; status: StatusCode };
}

/** One station's nodes in the address space: generated from the tag table, and kept up to date by `update`. */
export class StationNodes {
  readonly #opcua: Opcua;
  readonly #space: AddressSpace;
  readonly #view: StationView;
  readonly #root: UAObject;
  readonly #folders = new Map<string, UAObject>();
  readonly #nodes: Node[] = [];
  readonly #last: Node[] = [];
  readonly #qualities: Record<ResultQuality, StatusCode>;
  readonly #writes: CommandWrites;
  readonly #commands: UAVariable[] = [];
  #sequence = -1;
  #picture: TagValues | undefined;

  constructor(opcua: Opcua, space: AddressSpace, view: StationView, writes: CommandWrites) {
    this.#opcua = opcua;
    this.#writes = writes;
    this.#space = space;
    this.#view = view;
    const { StatusCodes } = opcua;
    this.#qualities = {
      good: StatusCodes.Good,
      waiting: StatusCodes.BadWaitingForInitialData,
      deviceFailure: StatusCodes.BadDeviceFailure,
      lastUsable: StatusCodes.UncertainLastUsableValue,
      hostSilent: StatusCodes.Bad,
      shutdown: StatusCodes.BadShutdown,
    };
    this.#root = space.getOwnNamespace().addObject({
      organizedBy: space.rootFolder.objects,
      browseName: view.title,
      nodeId: `s=${view.id}`,
    });
    for (const tag of tagTable) if (tag.opcua !== null) this.#addTag(tag);
    this.#addImage();
    this.update();
  }

  /** One picture per turn of the loop: a request that names a computed node a thousand times costs one. */
  #now(): TagValues {
    if (this.#picture === undefined) {
      this.#picture = this.#view.values();
      setImmediate(() => {
        this.#picture = undefined;
      });
    }
    return this.#picture;
  }

  /** Brings every node up to the station's values of now; the payload first, Sequence last. */
  update(): void {
    this.#picture = undefined;
    const values = this.#view.values();
    const renewed = values.result.sequence !== this.#sequence;
    this.#sequence = values.result.sequence;
    const quality = this.#qualities[values.quality];
    for (const node of this.#nodes.concat(this.#last)) {
      this.#show(node, values, node.ofResult ? quality : undefined, renewed && node.ofResult);
    }
  }

  #show(node: Node, values: TagValues, status: StatusCode = this.#opcua.StatusCodes.Good, always = false): void {
    const { tag, shown, variable, bits } = node;
    const value = said(tag, values);
    if (!always && shown?.status === status && isSame(shown.value, value)) return;
    node.shown = { value, status };
    variable.setValueFromSource(variantOf(this.#opcua, tag, value), status);
    if (!tag.bits) return;
    const [all, before] = [value, shown?.value] as [readonly boolean[], readonly boolean[] | undefined];
    const dataType = this.#opcua.DataType.Boolean;
    for (const [bit, on] of all.entries()) {
      if (on !== before?.[bit]) bits[bit].setValueFromSource({ dataType, value: on }, status);
    }
  }

  dispose(): void {
    for (const variable of this.#commands) this.#writes.remove(variable);
    this.#space.deleteNode(this.#root.nodeId);
  }

  #folder(name: string): UAObject {
    let folder = this.#folders.get(name);
    if (folder === undefined) {
      folder = this.#space.getOwnNamespace().addObject({
        componentOf: this.#root,
        browseName: name,
        nodeId: `s=${this.#view.id}.${name}`,
      });
      this.#folders.set(name, folder);
    }
    return folder;
  }

  #addTag(tag: Tag): void {
    const [folderName, name] = tag.name.split('.');
    const parent = this.#folder(folderName);
    const ofResult = folderName === 'Result' || folderName === 'Roi';
    if (tag.name === readWhenAsked) {
      this.#addComputed(parent, name, tag.opcua?.type ?? 'UInt16', tag.description, undefined, (values) => ({
        variant: tagVariant(this.#opcua, tag, values),
        status: this.#qualities[values.quality],
      }));
      return;
    }
    const variable = this.#space.getOwnNamespace().addVariable({
      componentOf: parent,
      browseName: name,
      nodeId: `s=${this.#view.id}.${tag.name}`,
      description: tag.unit ? `${tag.description} (${tag.unit})` : tag.description,
      dataType: tag.opcua?.type,
      ...(tag.count > 1 ? { valueRank: 1, arrayDimensions: [tag.count] } : {}),
      minimumSamplingInterval: everyChange,
      ...this.#access(tag),
    });
    const bits = (tag.bits ?? []).map((bitName, bit) => this.#addBit(parent, folderName, bitName, tag, bit));
    const node: Node = { tag, variable, bits, ofResult };
    (tag.name === lastWritten ? this.#last : this.#nodes).push(node);
    if (tag.access === 'rw') {
      this.#commands.push(variable);
      this.#writes.add({ tag, variable, view: this.#view, show: () => this.#show(node, this.#view.values()) });
    }
  }

  #addBit(parent: UAObject, folderName: string, name: string, tag: Tag, bit: number): UAVariable {
    return this.#space.getOwnNamespace().addVariable({
      componentOf: parent,
      browseName: name,
      nodeId: `s=${this.#view.id}.${folderName}.${name}`,
      description: `Bit ${bit} of ${tag.name}`,
      dataType: 'Boolean',
      minimumSamplingInterval: everyChange,
      accessLevel: 'CurrentRead',
      userAccessLevel: 'CurrentRead',
    });
  }

  #addImage(): void {
    const { DataType, VariantArrayType, StatusCodes } = this.#opcua;
    const text = `Registers 0..${imageLength - 1} of the Modbus map as they are at the instant of reading`;
    this.#addComputed(this.#root, 'Image', 'UInt16', text, imageLength, (values) => ({
      variant: {
        dataType: DataType.UInt16,
        arrayType: VariantArrayType.Array,
        value: encodeRegisters(values).slice(0, imageLength),
      },
      status:
        values.quality === 'hostSilent' || values.quality === 'shutdown'
          ? this.#qualities[values.quality]
          : StatusCodes.Good,
    }));
  }

  #addComputed(
    parent: UAObject,
    name: string,
    dataType: string,
    description: string,
    length: number | undefined,
    read: (values: TagValues) => { variant: VariantLike; status: StatusCode },
  ): void {
    const { DataValue } = this.#opcua;
    this.#space.getOwnNamespace().addVariable({
      componentOf: parent,
      browseName: name,
      nodeId: parent === this.#root ? `s=${this.#view.id}.${name}` : `s=${this.#view.id}.Result.${name}`,
      description,
      dataType,
      ...(length === undefined ? {} : { valueRank: 1, arrayDimensions: [length] }),
      accessLevel: 'CurrentRead',
      userAccessLevel: 'CurrentRead',
      minimumSamplingInterval: sampledMs,
      value: {
        timestamped_get: () => {
          const { variant, status } = read(this.#now());
          const now = new Date();
          return new DataValue({ value: variant, statusCode: status, sourceTimestamp: now, serverTimestamp: now });
        },
      },
    });
  }

  /** Everybody may look at the command block; only an operator may write into it. */
  #access(tag: Tag) {
    if (tag.access === 'r') return { accessLevel: 'CurrentRead', userAccessLevel: 'CurrentRead' };
    const { WellKnownRoles, makePermissionFlag } = this.#opcua;
    const look = makePermissionFlag('Browse | Read');
    return {
      accessLevel: 'CurrentRead | CurrentWrite',
      userAccessLevel: 'CurrentRead | CurrentWrite',
      rolePermissions: [
        { roleId: WellKnownRoles.Anonymous, permissions: look },
        { roleId: WellKnownRoles.AuthenticatedUser, permissions: look },
        { roleId: WellKnownRoles.Operator, permissions: makePermissionFlag('Browse | Read | Write') },
      ],
    };
  }
}
