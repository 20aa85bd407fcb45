/**
 * The editor halves: one html for each node, from its compiled config.js (the one truth), editor.html, editor.ts and
 * help.md; locales and icons beside it. The registration is generated as a literal object because the Flow Library reads
 * it without running it. To be run after tsc.
 */
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const require = createRequire(import.meta.url);
const packageName = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')).name;
const readOr = (file, otherwise) =>
  readFile(file, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return otherwise;
    throw error;
  });

/** One input with label, unit, hint and the place of its problem; `<row field="x"/>` in an editor.html. */
function row(config, locale, key) {
  const field = config.fields[key];
  const isCredential = config.credentials()?.[key];
  if (!field && !isCredential) throw new Error(`${config.type}: editor.html has a row for ${key}, config.ts has not`);
  const id = `${config.category === 'config' ? 'node-config-input-' : 'node-input-'}${key}`;
  const label = `<label for="${id}" data-i18n="label.${key}"></label>`;
  const hint = locale.hint?.[key] ? `<div class="goodpart-hint" data-i18n="hint.${key}"></div>` : '';
  const inRow = (control, before = label) =>
    `<div class="form-row" data-field="${key}">${before}<div class="goodpart-control">${control}</div>${hint}</div>`;
  if (isCredential) return inRow(`<input type="${isCredential.type}" id="${id}">`);
  switch (field.kind) {
    case 'flag': {
      const box = `<label class="goodpart-wide" for="${id}"><span class="goodpart-check"><input type="checkbox" id="${id}"><span data-i18n="label.${key}"></span></span></label>`;
      return inRow(box, '<span></span>');
    }
    case 'choice': {
      const options = field.options.map(
        (word) => `<option value="${word}" data-i18n="choice.${key}.${word}"></option>`,
      );
      return inRow(`<select id="${id}">${options.join('')}</select>`);
    }
    case 'number': {
      const unit = field.unit ? `<span class="goodpart-unit">${field.unit}</span>` : '';
      const step = field.integer ? '1' : 'any';
      return inRow(`<input type="number" id="${id}" min="${field.min}" max="${field.max}" step="${step}">${unit}`);
    }
    case 'structure':
      return `<div data-field="${key}"></div>`;
    default:
      return inRow(`<input type="text" id="${id}">`);
  }
}

/** The literal that Node-RED and the Flow Library read. */
function registration(config, namespace) {
  const text = JSON.stringify;
  const defaults = Object.entries(config.fields).map(([key, { default: value, type }]) => {
    const reference = type ? `type: ${text(type)}, ` : '';
    const validate = `validate: function (value, opt) { return dialog.check(this, ${text(key)}, value); }`;
    return `    ${key}: { value: ${text(value)}, ${reference}${validate} },`;
  });
  const credentials = config.credentials() ? `\n  credentials: ${text(config.credentials())},` : '';
  const align = config.align === 'right' ? `\n  align: 'right',` : '';
  return `
import { createDialog } from '../../lib/node-red/editor/dialog.ts';
import { config } from './config.ts';
import { editor } from './editor.ts';

const dialog = createDialog(config, editor, ${text(namespace)});

RED.nodes.registerType(${text(config.type)}, {
  category: ${text(config.category)},
  color: ${text(config.color)},
  paletteLabel: ${text(config.paletteLabel)},
  icon: ${text(`${config.type}.svg`)},${align}
  inputs: ${config.inputs},
  outputs: ${config.outputs},
  defaults: {
    configVersion: { value: ${config.version} },
${defaults.join('\n')}
  },${credentials}
  label: function () { return dialog.label(this); },
  labelStyle: function () { return dialog.labelStyle(this); },
  inputLabels: function () { return dialog.inputLabel(); },
  outputLabels: function (index) { return dialog.outputLabel(index); },
  oneditprepare: function () { dialog.prepare(this); },
  oneditsave: function () { dialog.save(this); },
  oneditcancel: function () { dialog.close(); },
  oneditdelete: function () { dialog.close(); },
});`;
}

const helpScript = (type, markdown) => `<script type="text/markdown" data-help-name="${type}">\n${markdown}</script>\n`;

/** Everything that a locale lacks comes from the words all nodes share. */
function merged(shared, own) {
  const out = { ...shared, ...own };
  for (const [key, value] of Object.entries(shared)) {
    if (typeof value === 'object' && own[key]) out[key] = merged(value, own[key]);
  }
  return out;
}

async function locales(folder) {
  const found = new Map();
  for (const file of await readdir(join(folder, 'locales'))) {
    const language = file.replace('.json', '');
    const shared = JSON.parse(await readFile(join(root, 'lib/node-red/editor/locales', file), 'utf8'));
    found.set(language, merged(shared, JSON.parse(await readFile(join(folder, 'locales', file), 'utf8'))));
  }
  return found;
}

async function buildEditor(name) {
  const folder = join(root, 'nodes', name);
  const out = join(root, 'dist/nodes', name);
  const { config } = require(join(out, 'config.js'));
  const words = await locales(folder);
  const [form, help, helpGerman] = await Promise.all([
    readFile(join(folder, 'editor.html'), 'utf8'),
    readFile(join(folder, 'help.md'), 'utf8'),
    readOr(join(folder, 'help.de.md'), ''),
  ]);
  const rows = form
    .replace(/<section heading="(\w+)">/g, '<section>\n  <h4 data-i18n="section.$1"></h4>')
    .replace(/<row field="(\w+)"\s*\/>/g, (_, key) => row(config, words.get('en-US'), key));
  const prefix = config.category === 'config' ? 'node-config-input-' : 'node-input-';
  const bundle = await build({
    stdin: { contents: registration(config, `${packageName}/${config.type}`), resolveDir: folder, loader: 'ts' },
    bundle: true,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    loader: { '.css': 'text' },
    legalComments: 'none',
    write: false,
  });
  const script = bundle.outputFiles[0].text.replaceAll('</script', '<\\/script');
  await mkdir(join(out, 'icons'), { recursive: true });
  await writeFile(
    join(out, `${name}.html`),
    `<script type="text/html" data-template-name="${config.type}">
<div class="goodpart-form">
<input type="hidden" id="${prefix}configVersion">
${rows}</div>
</script>

${helpScript(config.type, help)}
<script type="text/javascript">
${script}</script>
`,
  );
  for (const [language, catalogue] of words) {
    const place = join(out, 'locales', language);
    await mkdir(place, { recursive: true });
    await writeFile(join(place, `${name}.json`), `${JSON.stringify(catalogue, null, 2)}\n`);
    if (language === 'de' && helpGerman)
      await writeFile(join(place, `${name}.html`), helpScript(config.type, helpGerman));
  }
  await copyFile(join(root, 'icons', `${config.type}.svg`), join(out, 'icons', `${config.type}.svg`));
}

/** Builds all editor halves into dist/nodes. */
export async function buildEditors() {
  const entries = await readdir(join(root, 'nodes'), { withFileTypes: true });
  await Promise.all(entries.filter((entry) => entry.isDirectory()).map(({ name }) => buildEditor(name)));
}
