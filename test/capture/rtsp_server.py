"""A real RTSP server on 127.0.0.1 for the tests of network cameras: rtsp_server.py PORT h264|h265 none|basic|digest.

25 pictures a second, each with the instant for which it was due (milliseconds of CLOCK_MONOTONIC, 24 bits) as black and white
fields: a test can read from a picture how old it really is. Like a live test source it catches up after it was stopped.
No timeoverlay: its plug-in (pango) is not among the packages, and a server without it answers 503.
"""
import sys
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

Gst.init(None)
port, codec, auth = sys.argv[1:4]
width, height, field, interval = 320, 240, 40, 40
now = lambda: int(time.clock_gettime(time.CLOCK_MONOTONIC) * 1000)  # noqa: E731


def picture(instant):
    bits = [(instant >> bit) & 1 for bit in range(24)]
    rows = b""
    for row in range(3):
        line = b"".join((b"\xeb" if bit else b"\x10") * field for bit in bits[row * 8 : row * 8 + 8])
        rows += line * field
    return rows + b"\x80" * (width * (height - 3 * field)) + b"\x80" * (width * height // 2)


def feed(_, media):
    source = media.get_element().get_child_by_name("source")
    start = now()
    state = {"due": start}

    def push():
        while state["due"] <= now():
            buffer = Gst.Buffer.new_wrapped(picture(state["due"]))
            buffer.pts = (state["due"] - start) * Gst.MSECOND
            buffer.duration = interval * Gst.MSECOND
            if source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                return False
            state["due"] += interval
        return True

    GLib.timeout_add(5, push)


server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(port)
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(
    "( appsrc name=source is-live=true format=time"
    f" caps=video/x-raw,format=I420,width={width},height={height},framerate=25/1"
    f" ! {'x264enc' if codec == 'h264' else 'x265enc'} tune=zerolatency speed-preset=ultrafast key-int-max=25"
    f" ! rtp{codec}pay name=pay0 pt=96 )"
)
factory.set_shared(True)
factory.connect("media-configure", feed)
if auth != "none":
    guard = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "viewer")
    if auth == "basic":
        guard.add_basic(GstRtspServer.RTSPAuth.make_basic("line1", "s3cret w:rd"), token)
    else:
        guard.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        guard.add_digest("line1", "s3cret w:rd", token)
    server.set_auth(guard)
    access = "viewer,media.factory.access=(boolean)true,media.factory.construct=(boolean)true"
    factory.add_role_from_structure(Gst.Structure.new_from_string(access))
server.get_mount_points().add_factory("/cam", factory)
server.attach(None)
print("ready", flush=True)
GLib.MainLoop().run()
