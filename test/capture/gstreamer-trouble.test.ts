import assert from 'node:assert/strict';
import { gstreamerSettingsSchema } from '../../lib/capture/gstreamer/settings.ts';
import { complaintIn, explained } from '../../lib/capture/gstreamer/trouble.ts';

const element = '/GstPipeline:pipeline0/GstRTSPSrc:rtspsrc0';
/** As gst-launch-1.0 of GStreamer 1.22 prints them. */
const notLinked = [
  `ERROR: from element ${element}: Internal data stream error.`,
  'Additional debug info:',
  `../gst/rtsp/gstrtspsrc.c(6403): gst_rtspsrc_loop (): ${element}:`,
  'streaming stopped, reason not-linked (-1)',
];
const hungUp = [
  `ERROR: from element ${element}: Could not write to resource.`,
  'Additional debug info:',
  `../gst/rtsp/gstrtspsrc.c(6895): gst_rtspsrc_try_send (): ${element}:`,
  'Could not send message. (Received end-of-file)',
];
const notFound = [
  `ERROR: from element ${element}: Not found`,
  'Additional debug info:',
  `../gst/rtsp/gstrtspsrc.c(6895): gst_rtspsrc_send (): ${element}:`,
  'Not Found (404)',
  "ERROR: pipeline doesn't want to preroll.",
];

const noVideo = [
  'ERROR: from element /GstPipeline:pipeline0/GstDecodeBin:decodebin0: This appears to be a text file',
  'Additional debug info:',
  '../gst/playback/gstdecodebin2.c(2891): type_found (): /GstPipeline:pipeline0/GstDecodeBin:decodebin0:',
  'decodebin cannot decode plain text files',
  "ERROR: pipeline doesn't want to preroll.",
];

describe('what a pipeline says went wrong', () => {
  for (const [name, lines, said] of [
    ['nothing', [], ''],
    ['a refusal', notFound, 'Not found Not Found (404)'],
    ['pictures that nothing takes', notLinked, 'Internal data stream error. streaming stopped, reason not-linked (-1)'],
    ['a server that hung up', hungUp, 'Could not write to resource. Could not send message. (Received end-of-file)'],
    [
      'a file that is no video, whose pictures nothing takes therefore',
      [...noVideo, ...notLinked],
      'This appears to be a text file decodebin cannot decode plain text files',
    ],
    ['a line that is no complaint', ['Setting pipeline to PAUSED', ''], 'Setting pipeline to PAUSED'],
  ] as const) {
    it(`is one sentence: ${name}`, () => assert.equal(complaintIn(lines), said));
  }

  it('is that pictures found no taker, whatever else ended with it and was printed first', () => {
    const settings = gstreamerSettingsSchema.parse({
      kind: 'gstreamer',
      input: 'rtsp',
      url: 'rtsp://10.0.0.5/cam',
      codec: 'h265',
    });
    for (const lines of [
      [...hungUp, ...notLinked],
      [...notLinked, ...hungUp],
      [...hungUp.map((line) => line.replace('write to', 'read from')), ...notLinked],
      ['WARNING: from element /GstPipeline:pipeline0: a clock was lost', ...notLinked, ...hungUp],
    ]) {
      assert.match(explained(complaintIn(lines), settings), /not-linked.*does the camera send H\.264 instead\?/);
    }
    assert.doesNotMatch(explained(complaintIn(hungUp), settings), /H\.264/);
  });
});
