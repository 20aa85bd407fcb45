import { GoodpartError } from '../../core/errors.ts';
import { csi, usb } from './pipeline-camera.ts';
import { type Chain, type Has, joined, type Link, onCpu, onJetson, type Part, tail } from './pipeline-parts.ts';
import type { FileSettings, GstreamerSettings, RtspSettings } from './settings.ts';
import { elementsOf, tokenise } from './tokens.ts';

export interface Pipeline {
  chain: Chain;
  /** Arguments for gst-launch-1.0, one token each; never to be joined into one string. */
  tokens: string[];
  elements: string[];
  /** Every frame at the reader's pace instead of the newest only. */
  complete: boolean;
}

export interface BuildOptions {
  has: Has;
  /** Instead of the address in the settings: the relay that adds user and password. */
  location?: string;
  /** The depayloader can wait for a key frame after a loss (H.264 since GStreamer 1.20). */
  waitsForKeyframe?: boolean;
  /** Of a file: frames beyond this many a second are dropped as soon as they are decoded. */
  mostPerSecond?: number;
}

const chainNames: Record<Chain, string> = {
  jetson: 'Jetson hardware',
  cpu: 'CPU',
  'as made': 'JPEG as the camera makes it',
  custom: 'as configured',
};

export const chainName = (chain: Chain): string => chainNames[chain];

/** Settings and what is installed in, the pipeline out; pure. Throws where no pipeline can be built of these. */
export function buildPipeline(settings: GstreamerSettings, options: BuildOptions): Pipeline {
  const { chain, links } = part(settings, options);
  const complete = settings.input === 'file' && settings.pace === 'taken';
  const tokens = [...joined(links), '!', ...joined(tail(complete))];
  return { chain, tokens, elements: elementsOf(tokens), complete };
}

function part(settings: GstreamerSettings, options: BuildOptions): Part {
  const { has, mostPerSecond } = options;
  switch (settings.input) {
    case 'csi':
      return csi(settings, has);
    case 'usb':
      return usb(settings, has);
    case 'rtsp':
      return rtsp(settings, options);
    case 'file':
      return file(settings, has, mostPerSecond);
    case 'custom': {
      const { scaleWidth, pipeline } = settings;
      const scaled = scaleWidth === 0 ? [] : onCpu('rgb', settings);
      return { chain: 'custom', links: [tokenise(pipeline), ...scaled] };
    }
  }
}

/**
 * A network camera. `buffer-mode=none` (only RTP timestamps) keeps the sender's clock in the time stamps: the age of what
 * comes late, in a burst after a stall, can be told from it. Not `drop-on-latency`: what it drops of such a burst damages
 * every picture up to the next key frame, and decoders hide that (measured), so a lost packet must cost pictures instead.
 */
function rtsp(settings: RtspSettings, options: BuildOptions): Part {
  const { codec, transport, latencyMs, output, url } = settings;
  const { has, location = url, waitsForKeyframe = false } = options;
  if (transport === 'udp' && !waitsForKeyframe) {
    const text = `Expected the transport tcp but received udp: this GStreamer shows damaged ${codec === 'h264' ? 'H.264' : 'H.265'} pictures after lost packets`;
    throw new GoodpartError('GP_SOURCE_FAILED', text, { field: 'transport', expected: 'tcp', received: 'udp' });
  }
  const timing = [`latency=${latencyMs}`, 'buffer-mode=none'];
  const source: Link = ['rtspsrc', `location=${location}`, `protocols=${transport}`, ...timing];
  const whole = `video/x-${codec},stream-format=byte-stream,alignment=au`;
  const depay: Link[] = waitsForKeyframe
    ? [[`rtp${codec}depay`, 'wait-for-keyframe=true'], [whole]]
    : [[`rtp${codec}depay`]];
  const stream: Link[] = [source, ...depay, [`${codec}parse`]];
  if (has('nvv4l2decoder') && has('nvvidconv')) {
    const decode: Link = ['nvv4l2decoder', 'enable-max-performance=1'];
    return { chain: 'jetson', links: [...stream, decode, ...onJetson(output, settings, has)] };
  }
  const decode: Link = [`avdec_${codec}`, 'output-corrupt=false'];
  return { chain: 'cpu', links: [...stream, decode, ...onCpu(output, settings)] };
}

/** A video file, upright as the phone that filmed it says. */
function file(settings: FileSettings, has: Has, mostPerSecond?: number): Part {
  const { path, pace, output } = settings;
  const decode: Link[] = [['filesrc', `location=${path}`], ['decodebin']];
  if (mostPerSecond !== undefined) decode.push(['videorate', `max-rate=${mostPerSecond}`]);
  const paced: Link[] = pace === 'real-time' ? [['identity', 'sync=true']] : [];
  const upright: Link = ['videoflip', 'video-direction=auto'];
  if (has('nvv4l2decoder') && has('nvvidconv')) {
    const down: Link[] = [['nvvidconv'], ['video/x-raw,format=I420']];
    return { chain: 'jetson', links: [...decode, ...down, upright, ...paced, ...onCpu(output, settings)] };
  }
  return { chain: 'cpu', links: [...decode, ['videoconvert'], upright, ...paced, ...onCpu(output, settings)] };
}
