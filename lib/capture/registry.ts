import type { SourceSettings } from './settings.ts';
import type { DiscoveredSource, Source } from './source.ts';

/** A source by its kind, loaded only when used: what a real camera needs must not slow down or break the others. */
export async function createSource(settings: SourceSettings): Promise<Source> {
  switch (settings.kind) {
    case 'folder':
      return (await import('./folder-source.ts')).folderSource.create(settings);
    case 'simulator':
      return (await import('./simulator-source.ts')).simulatorSource.create(settings);
    case 'genicam':
      return (await import('./genicam/genicam-source.ts')).genicamSource.create(settings);
    case 'watch':
      return (await import('./watch/watch-source.ts')).watchSource.create(settings);
    case 'http':
      return (await import('./http/http-source.ts')).httpSource.create(settings);
    case 'gstreamer':
      return (await import('./gstreamer/gstreamer-source.ts')).gstreamerSource.create(settings);
  }
}

export async function discoverSources(kind: SourceSettings['kind']): Promise<DiscoveredSource[]> {
  switch (kind) {
    case 'folder':
      return (await import('./folder-source.ts')).folderSource.discover();
    case 'simulator':
      return (await import('./simulator-source.ts')).simulatorSource.discover();
    case 'genicam':
      return (await import('./genicam/genicam-source.ts')).genicamSource.discover();
    case 'watch':
      return (await import('./watch/watch-source.ts')).watchSource.discover();
    case 'http':
      return (await import('./http/http-source.ts')).httpSource.discover();
    case 'gstreamer':
      return (await import('./gstreamer/gstreamer-source.ts')).gstreamerSource.discover();
  }
}
