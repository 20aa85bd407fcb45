import { serveChild } from './serve-child.ts';

/** Gives back what it gets, or only says how much came: the cost of the transport alone, for bench and soak. */
serveChild({
  echo: (body, payloads) => ({ body, payloads }),
  count: (_body, payloads) => ({ body: payloads.reduce((sum, { length }) => sum + length, 0) }),
});
