import ModbusRTU from 'modbus-serial';

export interface Reading {
  at: number;
  bootId: number;
  status: number;
  heartbeat: number;
  fault: number;
  sequence: number;
  code: number;
  reason: number;
  open: number;
}

/** A PLC that polls registers 0..99 and the result ring as fast as answers come, and remembers every result it saw. */
export class PlcWatch {
  readonly #port: number;
  #client = new ModbusRTU();
  #running = true;
  #done: Promise<void> = Promise.resolve();
  /** Sequence → code, in the order seen. A result read twice is one; a changed one is an error. */
  readonly results = new Map<number, number>();
  readonly contradictions: string[] = [];
  /** Failed reads: lost connections and exceptions. */
  failures = 0;
  last: Reading | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  start(): void {
    this.#done = this.#loop();
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
    if (this.#client.isOpen) await new Promise<void>((resolve) => this.#client.close(() => resolve()));
  }

  async #loop(): Promise<void> {
    while (this.#running) {
      try {
        if (!this.#client.isOpen) {
          this.#client = new ModbusRTU();
          this.#client.setTimeout(1_000);
          await this.#client.connectTCP('127.0.0.1', { port: this.#port });
          this.#client.setID(1);
        }
        await this.#poll();
      } catch {
        this.failures += 1;
        this.#client.close(() => {});
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async #poll(): Promise<void> {
    const { data } = await this.#client.readHoldingRegisters(0, 100);
    const [bootId, status, heartbeat] = [data[1], data[2], data[4]];
    const [open, sequence, code, reason] = [data[12], data[22], data[24], data[25]];
    this.last = { at: performance.now(), bootId, status, heartbeat, fault: data[7], sequence, code, reason, open };
    const { data: ring } = await this.#client.readHoldingRegisters(300, 40);
    for (let i = 7; i >= 0; i--) this.#note(ring[i * 5], ring[i * 5 + 2]);
    this.#note(sequence, code);
  }

  #note(sequence: number, code: number): void {
    if (sequence === 0 || code === 0) return;
    const known = this.results.get(sequence);
    if (known === undefined) this.results.set(sequence, code);
    else if (known !== code) this.contradictions.push(`${sequence}: ${known} then ${code}`);
  }
}
