/** The part of Node-RED's editor that our dialogs use; the published types are older than 4.1. */
interface EditorNode {
  id: string;
  type: string;
  valid?: boolean;
  [field: string]: unknown;
}

interface EditorRed {
  _(key: string, values?: Record<string, unknown>): string;
  nodes: {
    registerType(type: string, definition: Record<string, unknown>): void;
    node(id: string): EditorNode | null;
  };
}

declare const RED: EditorRed;

interface TypedInputOptions {
  types: string[];
}

interface EditableListOptions<T> {
  addItem(row: JQuery, index: number, data: T): void;
  removeItem?(data: T): void;
  sortItems?(items: JQuery): void;
  removable?: boolean;
  sortable?: boolean | string;
  addButton?: boolean | string;
  height?: string | number;
}

interface JQuery {
  typedInput(options: TypedInputOptions): this;
  typedInput(method: 'width', value: string): this;
  editableList<T>(options: EditableListOptions<T>): this;
  editableList(method: 'addItem', data: unknown): this;
  editableList(method: 'items'): JQuery;
  i18n(): this;
}

declare module '*.css' {
  const text: string;
  export default text;
}
