// What the demo prints: where to look, how learning goes, and for `--once` the figures of the run.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const silenceMs = 120_000;

/** Probability that a defective picture scores above a good one, ties counting half (Mann-Whitney). */
export function auroc(good, defective) {
  const all = [...good.map((score) => ({ score, bad: 0 })), ...defective.map((score) => ({ score, bad: 1 }))];
  all.sort((a, b) => a.score - b.score);
  let rankSum = 0;
  for (let i = 0; i < all.length; ) {
    let j = i;
    while (j < all.length && all[j].score === all[i].score) j++;
    const rank = (i + 1 + j) / 2;
    for (; i < j; i++) rankSum += all[i].bad * rank;
  }
  return (rankSum - (defective.length * (defective.length + 1)) / 2) / (good.length * defective.length);
}

export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

function picturesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && /\.(jpe?g|png|bmp|tiff?|webp)$/i.test(entry.name),
  ).length;
}

export class DemoReport {
  #options;
  #stations;
  #closed = [];
  #stage = '';
  #lastNews = performance.now();
  #notInspected = { why: null, more: 0 };

  constructor(options, liveStations, events) {
    this.#options = options;
    this.#stations = liveStations;
    events.on('node-status', ({ id, status }) => this.#learning(id, status));
  }

  /** Resolves with the exit code when the run is over; without `--once` never. */
  async run() {
    const { port, opcuaPort, modbusPort, images, once } = this.#options;
    const station = await this.#station();
    station.on('closed', (inspection) => this.#note(inspection));
    console.log(`
Goodpart demo: ${images ? `pictures of ${images}` : 'a simulated line, one defect in ten'}

  flow          http://127.0.0.1:${port}/
  console       http://127.0.0.1:${port}/goodpart/overview
  Modbus TCP    mbpoll -m tcp -p ${modbusPort} -a 1 -0 -r 22 -c 6 -t 4 -1 127.0.0.1    (Result.Sequence, TriggerId, Code, Reason, Accept, Severity x 1000)
  OPC UA        opc.tcp://127.0.0.1:${opcuaPort}    (ns=1;s=${station.snapshot().id}.Result.Code)
  ${once ? '' : 'Ctrl-C stops it.\n'}`);
    if (!once) return new Promise(() => {});
    return this.#untilAllInspected(picturesBelow(join(images, 'test')));
  }

  async #station() {
    for (let waited = 0; waited < silenceMs; waited += 100) {
      const [station] = this.#stations();
      if (station) return station;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('The station did not start');
  }

  #learning(id, status) {
    if (!id.endsWith('-learn') || !status?.text) return;
    this.#lastNews = performance.now();
    if (process.stdout.isTTY) {
      process.stdout.write(`\r\x1b[K  learning: ${status.text}${status.fill === 'blue' ? '' : '\n'}`);
      return;
    }
    const stage = status.text.split(' ')[0];
    if (stage !== this.#stage || status.fill !== 'blue') console.log(`  learning: ${status.text}`);
    this.#stage = stage;
  }

  #note(inspection) {
    this.#lastNews = performance.now();
    const [view] = inspection.views;
    const file = String(view?.frame?.info.settings.file ?? '');
    const truth = file.split(/[\\/]/)[0] || String(view?.frame?.info.settings.truth ?? '');
    this.#closed.push({ inspection, file, truth, score: view?.score?.score, timings: view?.score?.timings });
    if (this.#options.once) {
      if (this.#closed.length % 50 === 0) console.log(`  inspected: ${this.#closed.length}`);
      return;
    }
    this.#closed = [];
    const why = inspection.reasons[0]?.text ?? '';
    if (this.#isOneMore(inspection.verdict, why) || inspection.verdict === 'pass') return;
    const severity = inspection.severity === null ? '' : ` severity ${inspection.severity.toFixed(2)}`;
    console.log(
      `  ${inspection.sequence} ${inspection.verdict}${severity}${truth ? ` (really ${truth})` : ''}: ${why}`,
    );
  }

  /** Of parts in a row that are not inspected for one reason the first is told, each hundredth, and how many came when that is over. */
  #isOneMore(verdict, why) {
    const same = verdict === 'invalid' && why === this.#notInspected.why;
    if (same) this.#notInspected.more += 1;
    const { more } = this.#notInspected;
    if (more > 0 && (!same || more % 100 === 0)) console.log(`    and ${more} more for the same reason`);
    if (same) return true;
    this.#notInspected = { why: verdict === 'invalid' ? why : null, more: 0 };
    return false;
  }

  async #untilAllInspected(pictures) {
    while (this.#closed.length < pictures) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (performance.now() - this.#lastNews > silenceMs) {
        console.error(`Nothing happened for ${silenceMs / 1000} s; inspected ${this.#closed.length} of ${pictures}`);
        return 1;
      }
    }
    return this.#figures();
  }

  #figures() {
    const closed = this.#closed;
    const words = ['pass', 'warn', 'fail', 'invalid'];
    console.log(
      `\nverdicts against truth (${closed.length} inspections)\n  ${['truth'.padEnd(12), ...words.map((word) => word.padStart(8))].join('')}`,
    );
    for (const truth of [...new Set(closed.map((entry) => entry.truth))].sort()) {
      const mine = closed.filter((entry) => entry.truth === truth);
      const counts = words.map((word) =>
        String(mine.filter(({ inspection }) => inspection.verdict === word).length).padStart(8),
      );
      console.log(`  ${truth.padEnd(12)}${counts.join('')}`);
    }
    console.log('\nmilliseconds        p50      p99');
    const stages = {
      camera: ({ inspection }) => inspection.timings.exposed,
      queue: ({ timings }) => timings?.queue,
      'decode, resize': ({ timings }) => timings?.decode,
      model: ({ timings }) => timings?.run,
      'scoring, whole': ({ timings }) => timings?.total,
      'to verdict': ({ inspection }) => inspection.timings.judged,
      'to PLC': ({ inspection }) => inspection.timings.published,
    };
    for (const [name, pick] of Object.entries(stages)) {
      const values = closed.map(pick).filter((value) => Number.isFinite(value));
      const shown = [0.5, 0.99].map((share) =>
        (values.length ? percentile(values, share).toFixed(1) : '-').padStart(9),
      );
      console.log(`  ${name.padEnd(14)}${shown.join('')}`);
    }
    const scores = (good) =>
      closed
        .filter((entry) => (entry.truth === 'good') === good && Number.isFinite(entry.score))
        .map(({ score }) => score);
    const [good, defective] = [scores(true), scores(false)];
    if (good.length === 0 || defective.length === 0) {
      console.error('\nNo image AUROC: it needs scored good and defective pictures');
      return 1;
    }
    console.log(
      `\nimage AUROC ${auroc(good, defective).toFixed(3)}  (${good.length} good, ${defective.length} defective)`,
    );
    const { missed } = this.#stations()[0].snapshot().counters;
    if (missed > 0) console.log(`missed triggers ${missed}`);
    return 0;
  }
}
