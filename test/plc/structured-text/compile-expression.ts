import { compileCall } from './compile-call.ts';
import { type Frame, fail, type Known, needType, type Scope } from './scope.ts';
import type { Expression, Step } from './syntax.ts';
import { type Instance, integers, ranges, type Type, typeName, type Value } from './types.ts';

export interface Compiled {
  type: Type;
  /** Set for an untyped integer literal: it takes the type of what it meets. */
  literal?: number;
  run: (frame: Frame) => Value;
}

export const elementary = (name: string): Type => ({ kind: 'elementary', name });
const bool = elementary('BOOL');

export function compileExpression(scope: Scope, expression: Expression): Compiled {
  const { line } = expression;
  switch (expression.kind) {
    case 'boolean': {
      const { value } = expression;
      return { type: bool, run: () => value };
    }
    case 'real': {
      const value = Math.fround(expression.value);
      return { type: elementary('REAL'), run: () => value };
    }
    case 'integer': {
      const { value, type } = expression;
      if (type === null) return { type: elementary('literal'), literal: value, run: () => value };
      return { type: elementary(type), run: () => value };
    }
    case 'variable':
      return compileVariable(scope, expression);
    case 'call':
      return compileCall(scope, expression);
    case 'unary': {
      const operand = compileExpression(scope, expression.operand);
      if (expression.operator === '-') {
        if (operand.literal === undefined) fail(scope, line, 'only a literal may be negative');
        const value = -operand.literal;
        return { type: operand.type, literal: value, run: () => value };
      }
      needType(scope, line, operand.type, 'BOOL');
      return { type: bool, run: (frame) => !operand.run(frame) };
    }
    case 'binary':
      return compileBinary(scope, expression);
  }
}

/** A value of exactly this type, or a literal that fits. */
export function compileAs(scope: Scope, expression: Expression, type: Type): Compiled {
  return fitted(scope, expression.line, compileExpression(scope, expression), type);
}

function fitted(scope: Scope, line: number, compiled: Compiled, type: Type): Compiled {
  if (compiled.literal !== undefined) {
    const range = ranges[typeName(type)];
    const { literal } = compiled;
    if (range === undefined || literal < range[0] || literal > range[1]) {
      fail(scope, line, `${literal} is no ${typeName(type)}`);
    }
    return { type, run: () => literal };
  }
  if (typeName(compiled.type) !== typeName(type)) {
    fail(scope, line, `expected ${typeName(type)}, found ${typeName(compiled.type)}`);
  }
  return compiled;
}

function compileBinary(scope: Scope, expression: Expression & { kind: 'binary' }): Compiled {
  const { operator, line } = expression;
  let left = compileExpression(scope, expression.left);
  let right = compileExpression(scope, expression.right);
  if (left.literal !== undefined) left = fitted(scope, line, left, right.type);
  else right = fitted(scope, line, right, left.type);
  const name = typeName(left.type);
  const [a, b] = [left.run, right.run];
  // Both sides are always evaluated: neither dialect promises to stop early.
  if (operator === 'AND' || operator === 'OR') {
    if (name === 'DWORD' && operator === 'OR') {
      return { type: left.type, run: (f) => ((a(f) as number) | (b(f) as number)) >>> 0 };
    }
    needType(scope, line, left.type, 'BOOL');
    const and = operator === 'AND';
    return {
      type: bool,
      run: (f) => {
        const [x, y] = [a(f), b(f)];
        return and ? x === true && y === true : x === true || y === true;
      },
    };
  }
  if (operator === '=') return { type: bool, run: (f) => a(f) === b(f) };
  if (operator === '<>') return { type: bool, run: (f) => a(f) !== b(f) };
  if (!integers.includes(name)) fail(scope, line, `${operator} of ${name}`);
  if (operator in comparisons) {
    const compare = comparisons[operator];
    return { type: bool, run: (f) => compare(a(f) as number, b(f) as number) };
  }
  const calculate = arithmetic[operator];
  return { type: left.type, run: (f) => inRange(scope, line, name, calculate(a(f) as number, b(f) as number)) };
}

const comparisons: Record<string, (a: number, b: number) => boolean> = {
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
};

const arithmetic: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => Math.trunc(a / b),
  MOD: (a, b) => a % b,
};

/** A value that leaves its type wraps in CODESYS and is undefined in TIA: the blocks must never come to that. */
export function inRange(scope: Scope, line: number, type: string, value: number): number {
  const [low, high] = ranges[type];
  if (!(value >= low && value <= high)) fail(scope, line, `${value} leaves ${type}`);
  return value;
}

export function known(scope: Scope, name: string, line: number): Known {
  const found = scope.names.get(name);
  if (found === undefined) fail(scope, line, `${name} is not declared`);
  return found;
}

function compileVariable(scope: Scope, { name, path, line }: Expression & { kind: 'variable' }): Compiled {
  const { type, temp, constant } = known(scope, name, line);
  if (constant !== undefined) {
    const value = typeName(type) === 'BOOL' ? constant === 1 : constant;
    return { type, run: () => value };
  }
  const root = (frame: Frame): Value => {
    const value = (temp ? frame.temps : frame.statics)[name];
    if (value === undefined) fail(scope, line, `${name} is read before it was written`);
    return value;
  };
  return path.reduce<Compiled>((before, step) => follow(scope, line, before, step), { type, run: root });
}

export function follow(scope: Scope, line: number, { type, run }: Compiled, step: Step): Compiled {
  if (step.kind === 'bit') {
    if (typeName(type) !== 'WORD' || step.bit > 15) fail(scope, line, `no bit ${step.bit} in ${typeName(type)}`);
    return { type: bool, run: (f) => Math.floor((run(f) as number) / 2 ** step.bit) % 2 === 1 };
  }
  if (step.kind === 'index') {
    const index = compileIndex(scope, line, type, step);
    return { type: (type as Type & { kind: 'array' }).of, run: (f) => (run(f) as Value[])[index(f)] };
  }
  if (type.kind === 'instance') {
    const declared = scope.source.pous.get(type.name)?.sections.VAR_OUTPUT.find(({ name }) => name === step.name);
    if (declared === undefined) fail(scope, line, `${step.name} is no output of ${type.name}`);
    return { type: scope.resolve(declared.type), run: (f) => (run(f) as Instance).variables[step.name] };
  }
  const member = type.kind === 'struct' ? type.members.get(step.name) : undefined;
  if (member === undefined) fail(scope, line, `no member ${step.name} in ${typeName(type)}`);
  return { type: member, run: (f) => (run(f) as Record<string, Value>)[step.name] };
}

/** Zero-based place in an array, checked against its bounds. */
export function compileIndex(
  scope: Scope,
  line: number,
  type: Type,
  step: Step & { kind: 'index' },
): (frame: Frame) => number {
  if (type.kind !== 'array') fail(scope, line, `${typeName(type)} has no index`);
  const index = compileAs(scope, step.index, elementary('INT'));
  const { first, last } = type;
  return (frame) => {
    const at = index.run(frame) as number;
    if (at < first || at > last) fail(scope, line, `index ${at} outside of ${first}..${last}`);
    return at - first;
  };
}
