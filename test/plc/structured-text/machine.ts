import { setCaller } from './compile-call.ts';
import { compileBody, type Run } from './compile-statement.ts';
import { parseSource } from './parser.ts';
import { checkStructs, type Frame, literal, type Scope, scopeOf } from './scope.ts';
import type { Pou, Source } from './syntax.ts';
import type { DialectName } from './tokens.ts';
import { copy, Instance, typeName, type Value, zero } from './types.ts';

/**
 * A PLC that runs generated sources and nothing else: strict about names, types, bounds, and about values that leave their type. What it
 * refuses need not be wrong in a PLC; what it runs means the same in both dialects.
 */
export class Machine {
  readonly source: Source;
  readonly #scopes = new Map<string, Scope>();
  readonly #bodies = new Map<string, Run>();

  constructor(text: string, dialect: DialectName) {
    this.source = parseSource(text, dialect);
    checkStructs(this.source);
    setCaller(this.source, (name, inputs) => this.callFunction(name, inputs));
    for (const pou of this.source.pous.values()) {
      const scope = scopeOf(this.source, dialect, pou);
      this.#scopes.set(pou.name, scope);
      this.#bodies.set(
        pou.name,
        compileBody(scope, pou.body, (instance, inputs) => this.call(instance, inputs)),
      );
    }
  }

  /** An instance as after a cold start: initial values, else 0 and FALSE. */
  instance(block: string): Instance {
    const pou = this.#pou(block);
    const variables: Record<string, Value> = {};
    for (const section of ['VAR_INPUT', 'VAR_OUTPUT', 'VAR'] as const) {
      for (const declaration of pou.sections[section]) {
        const type = this.#scope(block).resolve(declaration.type);
        const start = declaration.initial === null ? undefined : literal(declaration);
        variables[declaration.name] =
          start === undefined
            ? zero(type, (name) => this.instance(name))
            : typeName(type) === 'BOOL'
              ? start === 1
              : start;
      }
    }
    return new Instance(block, variables);
  }

  /** Calls a function block: inputs that are not given keep their values. */
  call(instance: Instance, inputs: Record<string, Value>): Record<string, Value> {
    const pou = this.#pou(instance.block);
    for (const [name, value] of Object.entries(inputs)) {
      if (!pou.sections.VAR_INPUT.some((one) => one.name === name)) throw new Error(`${pou.name} has no input ${name}`);
      instance.variables[name] = value;
    }
    this.#bodies.get(pou.name)?.({ statics: instance.variables, temps: {} });
    return Object.fromEntries(pou.sections.VAR_OUTPUT.map(({ name }) => [name, copy(instance.variables[name])]));
  }

  /** Calls a function; structures given for VAR_IN_OUT are changed. */
  callFunction(name: string, inputs: Record<string, Value>): Value {
    const pou = this.#pou(name);
    const frame: Frame = { statics: {}, temps: { ...inputs } };
    for (const { name: local, type } of pou.sections.VAR) {
      const resolved = this.#scope(name).resolve(type);
      if (resolved.kind !== 'elementary') frame.temps[local] = zero(resolved, (block) => this.instance(block));
    }
    this.#bodies.get(name)?.(frame);
    return frame.temps[name];
  }

  /** A structure of the source, everything 0. */
  empty(struct: string): Value {
    const type = [...this.#scopes.values()][0].resolve({ kind: 'plain', name: struct, own: true });
    return zero(type, (name) => this.instance(name));
  }

  constants(): Record<string, number> {
    return Object.fromEntries(this.source.constants.map((one) => [one.name, literal(one)]));
  }

  #pou(name: string): Pou {
    const pou = this.source.pous.get(name);
    if (pou === undefined) throw new Error(`there is no ${name}`);
    return pou;
  }

  #scope(name: string): Scope {
    const scope = this.#scopes.get(name);
    if (scope === undefined) throw new Error(`there is no ${name}`);
    return scope;
  }
}
