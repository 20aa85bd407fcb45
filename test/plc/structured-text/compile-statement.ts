import { type Compiled, compileAs, compileIndex, elementary, follow, known } from './compile-expression.ts';
import { type Frame, fail, needType, type Scope } from './scope.ts';
import type { Statement } from './syntax.ts';
import { copy, type Instance, type Value } from './types.ts';

export type Run = (frame: Frame) => void;
export type CallInstance = (instance: Instance, inputs: Record<string, Value>) => void;

export function compileBody(scope: Scope, body: readonly Statement[], call: CallInstance): Run {
  const list = body.map((statement) => compileStatement(scope, statement, call));
  return (frame) => {
    for (const run of list) run(frame);
  };
}

function compileStatement(scope: Scope, statement: Statement, call: CallInstance): Run {
  switch (statement.kind) {
    case 'assign':
      return compileAssign(scope, statement);
    case 'call':
      return compileInstance(scope, statement, call);
    case 'if': {
      const branches = statement.branches.map(({ condition, body }) => ({
        test: compileAs(scope, condition, elementary('BOOL')).run,
        run: compileBody(scope, body, call),
      }));
      const otherwise = compileBody(scope, statement.otherwise, call);
      return (frame) => (branches.find(({ test }) => test(frame))?.run ?? otherwise)(frame);
    }
    case 'for':
      return compileFor(scope, statement, call);
    case 'repeat': {
      const run = compileBody(scope, statement.body, call);
      const until = compileAs(scope, statement.until, elementary('BOOL')).run;
      return (frame) => {
        let rounds = 0;
        do {
          run(frame);
          rounds += 1;
          if (rounds > 1000) fail(scope, statement.line, 'REPEAT without end');
        } while (!until(frame));
      };
    }
  }
}

function compileAssign(scope: Scope, { target, value, line }: Statement & { kind: 'assign' }): Run {
  const { name, path } = target;
  const { type, section, temp } = known(scope, name, line);
  if (section === 'VAR_INPUT' || section === 'VAR CONSTANT') fail(scope, line, `${name} is not written inside`);
  const store = (frame: Frame) => (temp ? frame.temps : frame.statics);
  if (path.length === 0) {
    const { run } = compileAs(scope, value, type);
    return (frame) => {
      store(frame)[name] = copy(run(frame));
    };
  }
  const last = path[path.length - 1];
  const root: Compiled = { type, run: (frame) => store(frame)[name] };
  const holder = path.slice(0, -1).reduce((before, step) => follow(scope, line, before, step), root);
  const whole = follow(scope, line, holder, last);
  const { run } = compileAs(scope, value, whole.type);
  if (last.kind === 'index') {
    const index = compileIndex(scope, line, holder.type, last);
    return (frame) => {
      (holder.run(frame) as Value[])[index(frame)] = copy(run(frame));
    };
  }
  if (last.kind === 'bit' || holder.type.kind === 'instance') fail(scope, line, 'this cannot be written');
  return (frame) => {
    (holder.run(frame) as Record<string, Value>)[last.name] = copy(run(frame));
  };
}

function compileInstance(
  scope: Scope,
  { instance, named, line }: Statement & { kind: 'call' },
  call: CallInstance,
): Run {
  const { type } = known(scope, instance, line);
  if (type.kind !== 'instance') fail(scope, line, `${instance} is no instance`);
  const inputs = scope.source.pous.get(type.name)?.sections.VAR_INPUT ?? [];
  const given = named.map(([parameter, expression]) => {
    const declared = inputs.find(({ name }) => name === parameter);
    if (declared === undefined) fail(scope, line, `${type.name} has no input ${parameter}`);
    return { parameter, run: compileAs(scope, expression, scope.resolve(declared.type)).run };
  });
  return (frame) => {
    const values = Object.fromEntries(given.map(({ parameter, run }) => [parameter, copy(run(frame))]));
    call(frame.statics[instance] as Instance, values);
  };
}

function compileFor(scope: Scope, statement: Statement & { kind: 'for' }, call: CallInstance): Run {
  const { variable, by, line } = statement;
  const { type, section } = known(scope, variable, line);
  needType(scope, line, type, 'INT');
  const temporary = section === 'VAR_TEMP' || (scope.pou.kind === 'FUNCTION' && section === 'VAR');
  if (!temporary) fail(scope, line, 'loops count in a temporary variable');
  const from = compileAs(scope, statement.from, elementary('INT')).run;
  const to = compileAs(scope, statement.to, elementary('INT')).run;
  const run = compileBody(scope, statement.body, call);
  return (frame) => {
    const start = from(frame) as number;
    const end = to(frame) as number;
    for (let n = start; by > 0 ? n <= end : n >= end; n += by) {
      frame.temps[variable] = n;
      run(frame);
      // CODESYS looks at the end anew each time, TIA once: a body must change neither it nor the counter.
      if (frame.temps[variable] !== n) fail(scope, line, 'the body changes the loop’s counter');
      if (to(frame) !== end) fail(scope, line, 'the body changes the loop’s end');
    }
    frame.temps[variable] = undefined;
  };
}
