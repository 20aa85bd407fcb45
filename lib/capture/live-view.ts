import { asGoodpartError } from '../core/errors.ts';
import type { CaptureDesk } from './capture-desk.ts';
import { frameKey, type LiveFigures, type LiveReport } from './live-shot.ts';
import type { Source, SourceFrame } from './source.ts';

const previewSide = 640;

/**
 * The latest frame, shown small and measured for who commissions the camera, inside the camera's child. Between looks it
 * costs a reference; a look exposes nothing and asks the device nothing, and decoding runs beside the child's loop.
 */
export class LiveView {
  #latest: SourceFrame | undefined;

  /** Notes what the source hands over, on its way to the desk; everything else of it stays as it is. */
  watch(source: Source): Source {
    const expose = source.expose;
    source.expose = async (options) => this.#note(await expose.call(source, options));
    const open = source.open;
    source.open = (options) => {
      const { sink } = options;
      const deliver = sink.frame;
      sink.frame = (frame) => deliver.call(sink, this.#note(frame));
      return open.call(source, options);
    };
    return source;
  }

  /** What is known now. Measures the latest frame and makes its preview unless `have` is its key. */
  async look(desk: CaptureDesk, have: string | null): Promise<{ body: LiveReport; payloads: Buffer[] }> {
    const status = desk.status();
    // not asked for while the source is being opened: that answer may take its time
    const about = status.connected ? await desk.describe() : null;
    const latest = this.#latest;
    const body: LiveReport = {
      status,
      error: desk.error === undefined ? null : { message: desk.error.message, field: desk.error.field },
      delivery: about?.delivery ?? null,
      device: about?.device ?? null,
      running: about?.running ?? null,
      counters: desk.counters(),
      settings: { ...about?.settings, ...latest?.settings },
      frame: latest === undefined ? null : withoutPixels(latest),
      figures: null,
      problem: null,
    };
    if (latest === undefined || frameKey(latest) === have) return { body, payloads: [] };
    try {
      const { figures, jpeg } = await develop(latest);
      return { body: { ...body, figures }, payloads: [jpeg] };
    } catch (thrown) {
      return { body: { ...body, problem: asGoodpartError(thrown).message }, payloads: [] };
    }
  }

  #note(frame: SourceFrame): SourceFrame {
    this.#latest = frame;
    return frame;
  }
}

function withoutPixels({ data, settings: _, ...info }: SourceFrame) {
  return { ...info, bytes: data.length };
}

async function develop({ data, ...info }: SourceFrame): Promise<{ figures: LiveFigures; jpeg: Buffer }> {
  const image = { data, info };
  const [{ histogram }, { previewJpeg }, { middleOf }, { focusMeasure }] = await Promise.all([
    import('../imaging/histogram.ts'),
    import('../imaging/preview.ts'),
    import('../imaging/middle.ts'),
    import('../imaging/focus.ts'),
  ]);
  const { width, height, ...measured } = await histogram(image);
  const { values, ...size } = await middleOf(image);
  const focus = focusMeasure(values, size);
  const jpeg = await previewJpeg(image, { maxSide: previewSide, window: measured.window });
  return { figures: { width, height, histogram: measured, focus: Number.isFinite(focus) ? focus : null }, jpeg };
}
