import type { Check } from './checks.ts';

const note = (found: string, advice: string): Omit<Check, 'name'> => ({ state: 'note', found, advice });

/** What there is of TensorRT and the next step; its modules are loaded when asked, for doctor must start on an old Node. */
export async function tensorrtCheck(userDir: string): Promise<Omit<Check, 'name'>> {
  const { jetson, librariesFound, platformVersion } = await import('../scoring/tensorrt/platform.ts');
  const board = jetson();
  const libraries = librariesFound();
  const usable = libraries.find((path) => path.endsWith('.so.10'));
  if (usable === undefined && libraries.length > 0) {
    return note(`${libraries[0]} is here`, 'TensorRT 10 (JetPack 6.1 to 7.2) is needed: models run on the CPU.');
  }
  if (usable === undefined) {
    if (board) return note(`${board} without TensorRT`, 'sudo apt install nvidia-jetpack');
    return note('not on this machine', 'Models run on the CPU.');
  }
  const { examineApart, findToolchain } = await import('../scoring/tensorrt/toolchain.ts');
  const { shownVersion } = await import('../scoring/tensorrt/addon.ts');
  const { tensorrtFolder } = await import('./tensorrt.ts');
  try {
    const { tensorrt, gpu, cuda } = await examineApart(tensorrtFolder(userDir));
    const versions = `CUDA ${Math.floor(cuda / 1000)}.${Math.floor((cuda % 1000) / 10)}, ${platformVersion()}`;
    return { state: 'ok', found: `${shownVersion(tensorrt)} on ${gpu}, ${versions}`, advice: '' };
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    if (!text.includes('goodpart tensorrt build')) return note(`${usable} is here`, `${text}. Models run on the CPU.`);
    const lacks = findToolchain().lacks.map(({ what, advice }) => `${what}: ${advice}`);
    const first = lacks.length > 0 ? `First get ${lacks.join('; ')}. ` : '';
    return note(`${usable} is here`, `${first}${text}.`);
  }
}
