import { createInterface } from 'node:readline';
import type { ClientMonitoredItem, ClientSession, ClientSubscription, OPCUAClient } from 'node-opcua';

/**
 * An OPC UA client in a process of its own: reads one JSON request per line, answers one JSON line. Node ids are the part behind
 * `ns=1;s=`. Operations: connect, read, write, subscribe, notifications, close.
 */
interface Request {
  id: number;
  op: 'connect' | 'read' | 'write' | 'subscribe' | 'notifications' | 'close';
  url?: string;
  user?: string;
  password?: string;
  secure?: boolean;
  pkiDir?: string;
  nodes?: string[];
  values?: { node: string; type: 'UInt16' | 'String' | 'UInt32'; value: number | string }[];
}

let client: OPCUAClient | undefined;
let session: ClientSession | undefined;
let subscription: ClientSubscription | undefined;
const items: ClientMonitoredItem[] = [];
const notifications: { node: string; value: unknown; status: string }[] = [];

const plain = (value: unknown): unknown =>
  ArrayBuffer.isView(value) ? Array.from(value as Uint16Array) : value instanceof Date ? value.toISOString() : value;

async function run(request: Request): Promise<unknown> {
  const opcua = await import('node-opcua');
  opcua.setWarningLogger(() => {});
  opcua.setErrorLogger(() => {});
  const nodeId = (name: string) => `ns=1;s=${name}`;
  switch (request.op) {
    case 'connect': {
      await subscription?.terminate().catch(() => {});
      await session?.close().catch(() => {});
      await client?.disconnect().catch(() => {});
      const certificates = new opcua.OPCUACertificateManager({
        rootFolder: request.pkiDir,
        automaticallyAcceptUnknownCertificate: true,
      });
      await certificates.initialize();
      client = opcua.OPCUAClient.create({
        endpointMustExist: false,
        clientCertificateManager: certificates,
        applicationName: 'probe',
        connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 200 },
        ...(request.secure
          ? {
              securityMode: opcua.MessageSecurityMode.SignAndEncrypt,
              securityPolicy: opcua.SecurityPolicy.Basic256Sha256,
            }
          : {}),
      });
      client.on('connection_lost', () => notifications.push({ node: 'connection', value: 'lost', status: '' }));
      await client.connect(request.url ?? '');
      session = await client.createSession(
        request.user === undefined
          ? undefined
          : { type: opcua.UserTokenType.UserName, userName: request.user, password: request.password ?? '' },
      );
      return 'connected';
    }
    case 'read': {
      const nodes = (request.nodes ?? []).map((name) => ({
        nodeId: nodeId(name),
        attributeId: opcua.AttributeIds.Value,
      }));
      const values = (await session?.read(nodes)) ?? [];
      return values.map(({ value, statusCode }) => ({
        value: plain(value.value),
        type: opcua.DataType[value.dataType],
        status: statusCode.name,
      }));
    }
    case 'write': {
      const nodes = (request.values ?? []).map(({ node, type, value }) => ({
        nodeId: nodeId(node),
        attributeId: opcua.AttributeIds.Value,
        value: { value: { dataType: opcua.DataType[type], value } },
      }));
      const statuses = (await session?.write(nodes)) ?? [];
      return statuses.map((status) => status.name);
    }
    case 'subscribe': {
      subscription = await session?.createSubscription2({
        requestedPublishingInterval: 50,
        requestedLifetimeCount: 1000,
        requestedMaxKeepAliveCount: 10,
        maxNotificationsPerPublish: 1000,
        publishingEnabled: true,
        priority: 1,
      });
      for (const node of request.nodes ?? []) {
        const item = await subscription?.monitor(
          { nodeId: nodeId(node), attributeId: opcua.AttributeIds.Value },
          { samplingInterval: 0, discardOldest: true, queueSize: 100 },
          opcua.TimestampsToReturn.Both,
        );
        if (item === undefined) continue;
        items.push(item as ClientMonitoredItem);
        item.on('changed', (dataValue: { value: { value: unknown }; statusCode: { name: string } }) =>
          notifications.push({ node, value: plain(dataValue.value.value), status: dataValue.statusCode.name }),
        );
      }
      return 'subscribed';
    }
    case 'notifications':
      return notifications.splice(0);
    case 'close':
      await session?.close().catch(() => {});
      await client?.disconnect().catch(() => {});
      return 'closed';
  }
}

let queue = Promise.resolve();
createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line) as Request;
  queue = queue.then(async () => {
    const answer = await run(request).then(
      (result) => ({ id: request.id, result }),
      (error: Error) => ({ id: request.id, error: error.message }),
    );
    process.stdout.write(`ANSWER ${JSON.stringify(answer)}\n`);
    if (request.op === 'close') process.exit(0);
  });
});
process.stdin.on('end', () => process.exit(0));
