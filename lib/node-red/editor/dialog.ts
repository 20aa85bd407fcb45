import { applies, checkConfig, type Fields, migrate, type NodeConfig, type Stored } from '../config/config.ts';
import type { Field } from '../config/fields.ts';
import { addStyle } from './add-style.ts';
import { Form } from './form.ts';
import style from './style.css';

/** What a node's dialog adds to what its configuration already says. */
export interface Editor {
  /** The label of a node without a name; empty: the palette's label. */
  summary?(stored: Stored, t: Translate): string;
  /** Builds what is more than a row; `form.show(field, value)` has been called for every row. */
  prepare?(form: Form): void;
  /** A field inside a structure in the user's words. */
  fieldLabel?(field: string, t: Translate): string | null;
}

export type Translate = (key: string, values?: Record<string, unknown>) => string;

/** The editor half's behaviour, bound to a node's literal registration by the build. */
export interface Dialog {
  check(node: EditorNode, field: string, value: unknown): true | string;
  label(node: EditorNode): string;
  labelStyle(node: EditorNode): string;
  inputLabel(): string;
  outputLabel(index: number): string;
  prepare(node: EditorNode): void;
  save(node: EditorNode): void;
  close(): void;
}

const storedOf = (node: EditorNode, fields: Fields): Stored =>
  Object.fromEntries(['configVersion', ...Object.keys(fields)].map((key) => [key, node[key]]));

/** Node-RED validates whole flows while they are imported: a reference counts only once the import is over. */
function brokenReference(field: Field, value: unknown): string | null {
  if (field.kind !== 'node') return null;
  const target = RED.nodes.node(String(value));
  if (target !== null && target.type === field.type) return null;
  return `a ${field.type?.replace('goodpart-', '').replaceAll('-', ' ')} that exists`;
}

export function createDialog(config: NodeConfig, editor: Editor, namespace: string): Dialog {
  const fields: Fields = config.fields;
  const t: Translate = (key, values) => RED._(`${namespace}:${key}`, values);
  let form: Form | null = null;
  const close = () => {
    form?.close();
    form = null;
  };

  const fieldLabel = (field: string) => editor.fieldLabel?.(field, t) ?? t(`label.${field}`);
  const sentence = (field: string, expected: string, received: string) =>
    t('problem', { field: fieldLabel(field), expected, received });

  /** All problems of what is stored or, while the dialog is open, of what it shows. */
  const problemsOf = (stored: Stored): Map<string, string> => {
    const found = new Map<string, string>();
    for (const { owner, error } of checkConfig(config, stored).problems) {
      if (found.has(owner)) continue;
      found.set(owner, sentence(error.field ?? owner, error.expected ?? '', error.received ?? ''));
    }
    for (const [key, field] of Object.entries(fields)) {
      const broken = found.has(key) ? null : brokenReference(field, stored[key]);
      if (broken && applies(field.when, stored, fields)) found.set(key, sentence(key, broken, String(stored[key])));
    }
    return found;
  };

  return {
    check(node, field, value) {
      const stored = form?.node === node ? form.values() : migrate(config, storedOf(node, fields));
      if (value !== undefined) stored[field] = value;
      return problemsOf(stored).get(field) ?? true;
    },
    label(node) {
      const stored = migrate(config, storedOf(node, fields));
      return String(stored.name || editor.summary?.(stored, t) || config.paletteLabel);
    },
    labelStyle: (node) => (node.name ? 'node_label_italic' : ''),
    inputLabel: () => t('input'),
    outputLabel: (index) => t(`output.${index}`),
    prepare(node) {
      addStyle('goodpart-style', style);
      close();
      const opened = new Form(node, config, t);
      form = opened;
      opened.fill(migrate(config, storedOf(node, fields)));
      editor.prepare?.(opened);
      opened.onChange(() => {
        if (form !== opened) return;
        const stored = opened.values();
        opened.showProblems(problemsOf(stored));
        opened.showApplying((field) => applies(field.when, stored, fields));
      });
    },
    save(node) {
      if (form?.node === node) Object.assign(node, form.structures());
      close();
    },
    close,
  };
}
