import { existsSync, readFileSync } from 'node:fs';

function text(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').replace(/\0/g, '').trim();
  } catch {
    return undefined;
  }
}

/** The board's name on a Jetson, else undefined. */
export function jetson(): string | undefined {
  const board = text('/proc/device-tree/model');
  return board !== undefined && /jetson|nvidia/i.test(board) ? board : undefined;
}

/** Release of Jetson Linux (R36.4.3 is of JetPack 6.2), else the driver's version: a plan is of no use with another one. */
export function platformVersion(): string {
  const release = /^# R(\d+) .*REVISION: ([\d.]+)/.exec(text('/etc/nv_tegra_release') ?? '');
  if (release) return `L4T ${release[1]}.${release[2]}`;
  const driver = /\b(\d+\.\d+(?:\.\d+)?)\b/.exec(text('/proc/driver/nvidia/version')?.split('\n')[0] ?? '');
  return driver ? `driver ${driver[1]}` : 'unknown driver';
}

const folders = ['/usr/lib/aarch64-linux-gnu', '/usr/lib/x86_64-linux-gnu', '/usr/local/lib', '/usr/lib64'];

/** Library paths of TensorRT that are here, any major version. */
export function librariesFound(): string[] {
  const more = (process.env.LD_LIBRARY_PATH ?? '').split(':').filter((path) => path !== '');
  const majors = ['10', '11', '8'];
  return [...more, ...folders].flatMap((folder) =>
    majors.map((major) => `${folder}/libnvinfer.so.${major}`).filter((path) => existsSync(path)),
  );
}

/** Whether a machine is one whose owner would expect TensorRT to run: only there is the processor instead of it worth a word. */
export function tensorRtExpected(): boolean {
  return jetson() !== undefined || librariesFound().length > 0;
}
