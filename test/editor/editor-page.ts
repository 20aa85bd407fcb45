import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { NodeRed, Release } from '../kit/node-red.ts';

/** Set to a folder to look at the dialogs: one picture of each. */
const pictures = process.env.GOODPART_SCREENSHOTS;

/** What slides, fades and blinks, drawn sixty times a second by the processor, took a third of the processor time of these tests (measured). */
const motionless =
  '*, *::before, *::after { transition: none !important; animation: none !important; caret-color: transparent !important; }';

/** The editor of a running Node-RED in a browser, with everything that its console complained about. */
export class EditorPage {
  readonly page: Page;
  readonly release: Release;
  readonly errors: string[] = [];

  private constructor(page: Page, release: Release) {
    this.page = page;
    this.release = release;
    page.setDefaultTimeout(15_000);
    page.setDefaultNavigationTimeout(30_000);
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => {
      const text = message.text();
      // of a camera that does not run; the browser itself notes every such answer
      if (/status of 404/.test(text) && /\/goodpart\/camera\/[^/]+\/live/.test(message.location().url)) return;
      // Node-RED logs what a dialog's own code throws without calling it an error
      if (message.type() === 'error' || /^onedit|Validation error/.test(text)) this.errors.push(text);
    });
  }

  static async open(
    browser: Browser,
    nodeRed: NodeRed,
    release: Release,
    { dark = false, locale = 'en-US' } = {},
  ): Promise<EditorPage> {
    const context = await browser.newContext({
      viewport: { width: 1500, height: 1100 },
      reducedMotion: 'reduce',
      locale,
    });
    const editor = new EditorPage(await context.newPage(), release);
    await editor.page.goto(nodeRed.url);
    await editor.page.addStyleTag({ content: motionless });
    await editor.page.waitForFunction(
      'window.RED?.nodes?.node("station-1") && !$("#red-ui-loading-progress").is(":visible")',
    );
    await editor.page.evaluate('jQuery.fx.off = true');
    // what Node-RED 5 does when a user chooses it in the settings
    if (dark) await editor.page.evaluate(`document.documentElement.classList.add('nr-theme-dark')`);
    return editor;
  }

  async shoot(name: string): Promise<void> {
    if (pictures) await this.page.screenshot({ path: join(pictures, `${this.release}-${name}.png`) });
  }

  /** Opens the dialog of a node. */
  async edit(id: string): Promise<void> {
    await this.page.evaluate(`(() => {
      const node = RED.nodes.node(${JSON.stringify(id)});
      if (node._def.category === 'config') RED.editor.editConfig('', node.type, node.id);
      else RED.editor.edit(node);
    })()`);
    await this.page.locator('.goodpart-form').waitFor();
    // the last that Node-RED does to open a dialog, by its clock and not by what is seen: before, it moves the focus and ignores the buttons
    await this.page.waitForFunction('$("#red-ui-editor-stack").css("zIndex") === "13"');
  }

  /** The input of a field of the open dialog. */
  field(name: string) {
    return this.page.locator(`#node-input-${name}, #node-config-input-${name}`).first();
  }

  problems() {
    return this.page.locator('.goodpart-problem:visible').allInnerTexts();
  }

  /** Brightness, 0..255, of the first such element's text and of what lies behind the form. */
  brightness(selector: string): Promise<{ text: number; ground: number }> {
    return this.page.evaluate(`(() => {
      const mean = (color) => color.match(/[\\d.]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part) / 3, 0);
      let ground = $('.goodpart-form')[0];
      while (/^rgba\\(0, 0, 0, 0\\)$/.test(getComputedStyle(ground).backgroundColor)) ground = ground.parentElement;
      return {
        text: mean(getComputedStyle($(${JSON.stringify(selector)})[0]).color),
        ground: mean(getComputedStyle(ground).backgroundColor),
      };
    })()`);
  }

  async set(name: string, value: string | boolean): Promise<void> {
    const field = this.field(name);
    const hidden = await this.page.evaluate(`$('#node-input-${name}').next('.red-ui-typedInput-container').length > 0`);
    if (hidden) await this.page.evaluate(`$('#node-input-${name}').typedInput('value', ${JSON.stringify(value)})`);
    else if (typeof value === 'boolean') await field.setChecked(value);
    else if (await this.page.evaluate(`$('#node-input-${name}, #node-config-input-${name}').is('select')`))
      await field.selectOption(value);
    else await field.fill(value);
  }

  get(name: string): Promise<unknown> {
    return this.page.evaluate(`(() => {
      const input = $('#node-input-${name}, #node-config-input-${name}').first();
      return input.attr('type') === 'checkbox' ? input.prop('checked') : input.val();
    })()`);
  }

  async done(): Promise<void> {
    await this.page.locator('#node-dialog-ok:visible, #node-config-dialog-ok:visible').click();
    await this.closed();
  }

  async cancel(): Promise<void> {
    await this.page.locator('#node-dialog-cancel:visible, #node-config-dialog-cancel:visible').click();
    await this.closed();
  }

  private async closed(): Promise<void> {
    await this.page.locator('.goodpart-form').waitFor({ state: 'detached' });
  }

  /** What would be deployed of that node. */
  stored(id: string): Promise<Record<string, unknown>> {
    return this.page.evaluate(`RED.nodes.convertNode(RED.nodes.node(${JSON.stringify(id)}), true)`);
  }

  /** What Node-RED's own validation says: it marks the node and shows these when deploying. */
  validation(id: string): Promise<string[]> {
    return this.page.evaluate(`(() => {
      const node = RED.nodes.node(${JSON.stringify(id)});
      RED.editor.validateNode(node);
      return node.validationErrors;
    })()`);
  }
}
