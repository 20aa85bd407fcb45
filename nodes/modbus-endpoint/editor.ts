import type { Editor } from '../../lib/node-red/editor/dialog.ts';

export const editor: Editor = {
  summary: ({ role, host, port, plcHost, plcPort }) =>
    role === 'client' ? `${plcHost}:${plcPort}` : `${host}:${port}`,
};
