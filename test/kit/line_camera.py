"""A fake GigE Vision camera at 127.0.0.1 whose line Line0 can be pulsed: libaravis's own, whose Line0 is wired to nothing.
Here the names of its two trigger sources are exchanged, so that what its software trigger does, a write to a register,
is done from this side as a pulse. Orders, one a line: "pulse", "lose" (no packet leaves any more), "keep"."""
import re
import sys
import tempfile

import gi

gi.require_version("Aravis", "0.8")
from gi.repository import Aravis

SOFTWARE_TRIGGER = 0x30C

xml = Aravis.FakeCamera.new("GV01").get_genicam_xml()
text = xml if isinstance(xml, str) else xml[0]
source = re.search(r'<Enumeration Name="TriggerSource".*?</Enumeration>', text, re.S).group(0)
exchanged = source.replace('Name="Line0"', 'Name="?"').replace('Name="Software"', 'Name="Line0"').replace('Name="?"', 'Name="Software"')
with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
    file.write(text.replace(source, exchanged))
    file.flush()
    camera = Aravis.GvFakeCamera.new_full("127.0.0.1", "GV01", file.name)
if not camera.is_running():
    sys.exit("the fake camera does not run")

for line in sys.stdin:
    order = line.strip()
    if order == "pulse":
        camera.get_fake_camera().write_register(SOFTWARE_TRIGGER, 1)
    elif order in ("lose", "keep"):
        camera.set_property("gvsp-lost-ratio", 1.0 if order == "lose" else 0.0)
