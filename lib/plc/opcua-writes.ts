import type { ISessionContext, OPCUAServer, StatusCode, UAVariable, WriteValue } from 'node-opcua';
import { partIdInRange, wordsInRange } from './command-ranges.ts';
import type { StationView } from './endpoint.ts';
import type { Opcua } from './opcua-variant.ts';
import { commandStart } from './registers.ts';
import type { Tag } from './tag-table.ts';

/** A node of a station's command block, as a Write request reaches it. */
export interface CommandNode {
  tag: Tag;
  variable: UAVariable;
  view: StationView;
  /** Shows what the command block holds, after a write as after a refused one. */
  show(): void;
}

/**
 * Every Write request is one command: its nodes are checked first, then all stored, then evaluated once, whatever their order. Of
 * a station's command block either all nodes of a request change or none: a trigger never goes on with an old part id because
 * the new one was refused. Requests follow one another, those that came in one TCP segment too.
 */
export class CommandWrites {
  readonly #opcua: Opcua;
  readonly #nodes = new Map<string, CommandNode>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(opcua: Opcua) {
    this.#opcua = opcua;
  }

  add(node: CommandNode): void {
    this.#nodes.set(node.variable.nodeId.toString(), node);
  }

  remove(variable: UAVariable): void {
    this.#nodes.delete(variable.nodeId.toString());
  }

  /** Takes over what the server does with Write requests. */
  guard(server: OPCUAServer): void {
    const { engine } = server;
    const write = engine.write.bind(engine);
    engine.write = (context, requested) => {
      const turn = this.#last.then(() => this.#request(context, requested, (rest) => write(context, rest)));
      this.#last = turn.catch(() => {});
      return turn;
    };
  }

  async #request(
    context: ISessionContext,
    requested: WriteValue[],
    write: (rest: WriteValue[]) => Promise<StatusCode[]>,
  ): Promise<StatusCode[]> {
    const results: (StatusCode | undefined)[] = requested.map(() => undefined);
    const commands = new Map<StationView, number[]>();
    for (const [index, value] of requested.entries()) {
      const node = this.#nodes.get(value.nodeId.toString());
      if (node === undefined || value.attributeId !== this.#opcua.AttributeIds.Value) continue;
      results[index] = this.#check(context, node, value);
      commands.set(node.view, [...(commands.get(node.view) ?? []), index]);
    }
    for (const [view, indexes] of commands) this.#store(view, indexes, requested, results);
    const others = requested.flatMap((_, index) => (results[index] === undefined ? [index] : []));
    if (others.length > 0) {
      const statuses = await write(others.map((index) => requested[index]));
      for (const [at, index] of others.entries()) results[index] = statuses[at];
    }
    return results as StatusCode[];
  }

  #store(view: StationView, indexes: number[], requested: WriteValue[], results: (StatusCode | undefined)[]): void {
    const { StatusCodes } = this.#opcua;
    if (indexes.some((index) => results[index] !== StatusCodes.Good)) {
      for (const index of indexes) {
        if (results[index] === StatusCodes.Good) results[index] = StatusCodes.BadTransactionFailed;
      }
      return;
    }
    const written: CommandNode[] = [];
    for (const index of indexes) {
      const node = this.#nodes.get(requested[index].nodeId.toString());
      if (node === undefined) continue;
      const value: unknown = requested[index].value.value.value;
      if (typeof value === 'number') view.write(node.tag.address - commandStart, [value]);
      else view.writePartId(typeof value === 'string' ? value : '');
      written.push(node);
    }
    view.evaluate();
    for (const node of written) node.show();
  }

  /** What the server would say of this value, and whether it is in its range; nothing is changed. */
  #check(context: ISessionContext, { tag, variable }: CommandNode, { value, indexRange }: WriteValue): StatusCode {
    const { StatusCodes, DataType, VariantArrayType, PermissionType } = this.#opcua;
    if (!context.checkPermission(variable, PermissionType.Write)) return StatusCodes.BadUserAccessDenied;
    if (indexRange !== undefined && indexRange !== null && !indexRange.isEmpty())
      return StatusCodes.BadWriteNotSupported;
    const variant = value.value;
    const type = tag.opcua?.type ?? 'UInt16';
    if (variant == null || variant.dataType !== DataType[type] || variant.arrayType !== VariantArrayType.Scalar) {
      return StatusCodes.BadTypeMismatch;
    }
    // values that their writer calls bad are no commands
    if (value.statusCode.isNotGood()) return StatusCodes.BadWriteNotSupported;
    const content: unknown = variant.value;
    const fits =
      typeof content === 'number'
        ? wordsInRange(tag.address - commandStart, [content])
        : content === null || content === undefined || (typeof content === 'string' && partIdInRange(content));
    return fits ? StatusCodes.Good : StatusCodes.BadOutOfRange;
  }
}
