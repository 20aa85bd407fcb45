import { type Compiled, compileAs, compileExpression, elementary, inRange } from './compile-expression.ts';
import { type Frame, fail, type Scope } from './scope.ts';
import type { Expression } from './syntax.ts';
import { copy, integers, ranges, typeName, type Value } from './types.ts';

export type CallFunction = (name: string, inputs: Record<string, Value>) => Value;
const callers = new WeakMap<object, CallFunction>();

/** How functions of a source are run; set by the machine before anything is compiled. */
export function setCaller(source: object, call: CallFunction): void {
  callers.set(source, call);
}

type Call = Expression & { kind: 'call' };

export function compileCall(scope: Scope, call: Call): Compiled {
  return call.own ? compileOwn(scope, call) : compileBuiltIn(scope, call);
}

function compileOwn(scope: Scope, { name, named, positional, line }: Call): Compiled {
  const pou = scope.source.pous.get(name);
  if (pou?.kind !== 'FUNCTION' || pou.returns === null) fail(scope, line, `${name} is no function declared before`);
  if (positional.length > 0) fail(scope, line, 'own functions are called with named parameters');
  const { VAR_INPUT, VAR_IN_OUT } = pou.sections;
  const wanted = [...VAR_INPUT, ...VAR_IN_OUT];
  const missing = wanted.find((one) => !named.some(([given]) => given === one.name));
  if (missing !== undefined) fail(scope, line, `${name} needs ${missing.name}`);
  const given = named.map(([parameter, expression]) => {
    const declared = wanted.find((one) => one.name === parameter);
    if (declared === undefined) fail(scope, line, `${name} has no parameter ${parameter}`);
    const byReference = VAR_IN_OUT.includes(declared);
    if (byReference && expression.kind !== 'variable') fail(scope, line, `${parameter} needs a variable`);
    const { run } = compileAs(scope, expression, scope.resolve(declared.type));
    return { parameter, run: byReference ? run : (frame: Frame) => copy(run(frame)) };
  });
  const { source } = scope;
  return {
    type: scope.resolve(pou.returns),
    run: (frame) => {
      const inputs = Object.fromEntries(given.map(({ parameter, run }) => [parameter, run(frame)]));
      return callers.get(source)?.(name, inputs);
    },
  };
}

const scratch = new DataView(new ArrayBuffer(4));
const convertible = [...integers, 'BYTE', 'WORD', 'DWORD'];

function compileBuiltIn(scope: Scope, call: Call): Compiled {
  const { name, named, positional, line } = call;
  if (name === 'SHL') return compileShift(scope, call);
  const [from, to] = name.split('_TO_');
  if (named.length > 0 || positional.length !== 1) fail(scope, line, `${name} takes one value`);
  if (name === 'DWORD_TO_REAL') {
    if (scope.dialect === 'codesys') fail(scope, line, 'DWORD_TO_REAL converts the number in CODESYS, not the bits');
    const { run } = compileAs(scope, positional[0], elementary('DWORD'));
    return {
      type: elementary('REAL'),
      run: (frame) => {
        scratch.setUint32(0, run(frame) as number);
        return scratch.getFloat32(0);
      },
    };
  }
  if (!convertible.includes(from) || !(to in ranges)) fail(scope, line, `${name} is unknown`);
  const { run, literal } = compileExpression(scope, positional[0]);
  if (literal !== undefined) fail(scope, line, `${name} of a literal`);
  const checked = compileAs(scope, positional[0], elementary(from));
  if (typeName(checked.type) !== from) fail(scope, line, `${name} of ${typeName(checked.type)}`);
  return { type: elementary(to), run: (frame) => inRange(scope, line, to, run(frame) as number) };
}

/** `SHL(IN := a, N := n)` in TIA, `SHL(a, n)` in CODESYS. */
function compileShift(scope: Scope, { named, positional, line }: Call): Compiled {
  const inTia = named.map(([parameter]) => parameter).join() === 'IN,N';
  if (inTia !== (scope.dialect === 'tia')) fail(scope, line, 'SHL as the other dialect writes it');
  const [value, by] = inTia ? named.map(([, expression]) => expression) : positional;
  const { run } = compileAs(scope, value, elementary('DWORD'));
  const { literal } = compileExpression(scope, by);
  if (literal === undefined) fail(scope, line, 'SHL by a literal only');
  return { type: elementary('DWORD'), run: (frame) => ((run(frame) as number) << literal) >>> 0 };
}
