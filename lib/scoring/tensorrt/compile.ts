import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where each kind of header lies. */
export interface IncludeFolders {
  tensorrt: string;
  node: string;
  nodeAddonApi: string;
}

/** The addon's sources as they are shipped. */
export const sourceFolder = join(__dirname, 'addon');

/** What a C++17 compiler is told to make the addon of the sources in `folder`; tests add flags. */
export function compilerArguments(
  include: IncludeFolders,
  output: string,
  { folder = sourceFolder, flags = [] }: { folder?: string; flags?: string[] } = {},
): string[] {
  const sources = readdirSync(folder).filter((file) => file.endsWith('.cc'));
  const system = [include.nodeAddonApi, include.node, include.tensorrt];
  return [
    ...['-std=c++17', '-O2', '-fPIC', '-shared', '-fvisibility=hidden', '-w'],
    // errors are exceptions that never leave the addon, also while Node ends and takes no more values
    ...['-DNAPI_VERSION=8', '-DNODE_ADDON_API_CPP_EXCEPTIONS', '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
    ...system.flatMap((path) => ['-isystem', path]),
    // two names of CUDA's are all that TensorRT's headers need: no CUDA toolkit is asked for
    `-I${join(folder, 'shim')}`,
    ...flags,
    ...sources.map((file) => join(folder, file)),
    ...['-ldl', '-o', output],
  ];
}
