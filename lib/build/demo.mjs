// The demo station: Node-RED on 127.0.0.1 with an example flow, its data under one folder, and a report on the terminal.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DemoReport } from './demo-report.mjs';

const require = createRequire(import.meta.url);
const root = resolve(import.meta.dirname, '../..');

const usage = `npm start -- [options]

  --images DIR      inspect a folder in MVTec layout: learns from DIR/train/good, inspects DIR/test/*
  --once            inspect each picture once, print the figures and end (with --images)
  --good N          learn from so many good parts (default 200; 300 with --images)
  --rate N          parts per second at most (default 2; with --once as fast as it goes)
  --port N          Node-RED (default 1880)
  --opcua-port N    OPC UA server (default 4840)
  --modbus-port N   Modbus TCP server (default 1502)
  --no-sensitivity  learn sooner: without measuring which drawn defects are found
  --dir DIR         the station's data (default .demo)
`;

function fail(text) {
  console.error(`${text}\n\n${usage}`);
  process.exit(2);
}

function readOptions() {
  const text = { type: 'string' };
  const options = {
    images: text,
    once: { type: 'boolean', default: false },
    good: text,
    rate: text,
    port: text,
    'opcua-port': text,
    'modbus-port': text,
    'no-sensitivity': { type: 'boolean', default: false },
    dir: text,
    help: { type: 'boolean', short: 'h', default: false },
  };
  let values;
  try {
    values = parseArgs({ options }).values;
  } catch (error) {
    fail(error.message);
  }
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  const number = (name, fallback, low, high) => {
    const value = values[name] === undefined ? fallback : Number(values[name]);
    if (!(value >= low && value <= high))
      fail(`Expected a number from ${low} to ${high} for --${name} but received ${values[name]}`);
    return value;
  };
  const images = values.images === undefined ? null : resolve(values.images);
  if (values.once && images === null) fail('--once needs --images DIR: a simulated line has no last part');
  for (const part of images ? ['train/good', 'test'] : []) {
    if (!existsSync(join(images, part)))
      fail(`Expected a folder in MVTec layout for --images but ${join(images, part)} is missing`);
  }
  return {
    images,
    once: values.once,
    good: values.good === undefined ? null : Math.round(number('good', 0, 20, 5000)),
    sensitivity: !values['no-sensitivity'],
    rate: number('rate', values.once ? 50 : 2, 0.01, 50),
    port: number('port', 1880, 1, 65535),
    opcuaPort: number('opcua-port', 4840, 1, 65535),
    modbusPort: number('modbus-port', 1502, 1, 65535),
    dir: dataFolder(values, images),
  };
}

/** `--once` measures one run from the pictures on: it starts without a model, and never deletes what a user may want. */
function dataFolder({ dir, once }, images) {
  const chosen = resolve(dir ?? join(root, '.demo', once ? 'once' : images ? 'images' : 'line'));
  if (once && existsSync(join(chosen, 'goodpart'))) {
    if (dir !== undefined) fail(`Expected a folder without a station's data for --dir with --once but received ${dir}`);
    rmSync(chosen, { recursive: true });
  }
  return chosen;
}

/** The example that a user would import, with this run's ports, paths and pace. */
function demoFlow({ images, once, good, sensitivity, rate, opcuaPort, modbusPort }) {
  const file = images ? '02-folder-of-images.json' : '01-simulated-line.json';
  const flow = JSON.parse(readFileSync(join(root, 'examples', file), 'utf8'));
  for (const node of flow) {
    if (node.type === 'goodpart-opcua-endpoint') node.port = opcuaPort;
    if (node.type === 'goodpart-modbus-endpoint') node.port = modbusPort;
    if (node.type === 'goodpart-camera' && node.run === 'free') {
      node.intervalMs = Math.max(20, Math.round(1000 / rate));
      if (images) Object.assign(node, { path: join(images, 'test'), loop: !once });
    }
    // what is measured is the model: no picture may be missing because the machine is busy
    if (once && 'timeoutMs' in node) node.timeoutMs = 10_000;
    if (once && 'deadlineMs' in node) node.deadlineMs = 20_000;
    if (node.type === 'goodpart-learn') {
      if (images) node.path = join(images, 'train/good');
      if (good !== null) node.count = good;
      if (!sensitivity) node.sensitivity = false;
    }
  }
  return flow;
}

/** A userDir in which this checkout is installed, as npm would link it. */
function prepareUserDir({ dir, once }, flow) {
  const scope = join(dir, 'node_modules', '@goodpart');
  mkdirSync(scope, { recursive: true });
  const link = join(scope, 'node-red-inspection');
  rmSync(link, { force: true });
  symlinkSync(root, link, 'dir');
  const flows = join(dir, 'flows.json');
  const generated = join(dir, '.generated-flows.json');
  const text = `${JSON.stringify(flow, null, 1)}\n`;
  const edited =
    existsSync(flows) && existsSync(generated) && readFileSync(flows, 'utf8') !== readFileSync(generated, 'utf8');
  if (edited && !once) {
    cpSync(flows, join(dir, 'flows.before-demo.json'));
    console.log(`Your changes to the flow are kept as ${join(dir, 'flows.before-demo.json')}`);
  }
  writeFileSync(flows, text);
  writeFileSync(generated, text);
}

async function main() {
  const options = readOptions();
  const flow = demoFlow(options);
  mkdirSync(options.dir, { recursive: true });
  prepareUserDir(options, flow);

  const express = require('express');
  const RED = require('node-red');
  const app = express();
  const server = createServer(app);
  RED.init(server, {
    userDir: options.dir,
    flowFile: 'flows.json',
    uiHost: '127.0.0.1',
    uiPort: options.port,
    httpAdminRoot: '/',
    httpNodeRoot: '/api',
    credentialSecret: 'goodpart-demo',
    telemetry: { enabled: false, updateNotification: false },
    editorTheme: { tours: false, header: { title: 'Goodpart demo' } },
    externalModules: { palette: { allowInstall: false } },
    logging: { console: { level: 'warn', metrics: false, audit: false } },
  });
  app.use('/', RED.httpAdmin);
  app.use('/api', RED.httpNode);
  await new Promise((listening, failed) => {
    server.once('error', failed);
    server.listen(options.port, '127.0.0.1', listening);
  });

  let ending;
  const end = (code) => {
    if (ending) return;
    ending = (async () => {
      require(join(root, 'dist/lib/node-red/resources.js')).resources.drain();
      await RED.stop();
      server.closeAllConnections();
      server.close();
      process.exit(code);
    })().catch((error) => {
      console.error(error);
      process.exit(1);
    });
  };
  process.on('SIGINT', () => {
    console.log('\nStopping');
    end(0);
  });
  process.on('SIGTERM', () => end(0));

  await RED.start();
  const { liveStations } = require(join(root, 'dist/lib/node-red/stations.js'));
  const report = new DemoReport(options, liveStations, RED.events);
  report.run().then(end, (error) => {
    console.error(error.message);
    end(1);
  });
}

main().catch((error) => {
  console.error(error.code === 'EADDRINUSE' ? `Port in use: ${error.message}. Choose another with --port` : error);
  process.exit(1);
});
