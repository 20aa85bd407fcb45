import { serveChild } from './serve-child.ts';

/** Gives back what it gets: the cost of the transport alone, for bench and soak. */
serveChild({ echo: (body, payloads) => ({ body, payloads }) });
