import type { NodeAPI } from 'node-red';
export function serveConsole(_RED: NodeAPI): void {}
