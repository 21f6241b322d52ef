"""A real RTSP server, GStreamer's, for the system's own Python (python3-gi). Ends when its standard input does.

    rtsp_server_script.py PORT "PIPELINE with a payloader named pay0" [basic|digest USER PASSWORD]

Prints `ready PORT` when it listens. /cam is the stream; all who watch share one encoder, as in a camera.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any


def main() -> None:
    """Serve until standard input ends."""
    port, pipeline, *who = sys.argv[1:]
    gi = importlib.import_module("gi")
    for name in ("Gst", "GstRtsp", "GstRtspServer"):
        gi.require_version(name, "1.0")
    glib, gst, rtsp, kit = (
        importlib.import_module(f"gi.repository.{name}") for name in ("GLib", "Gst", "GstRtsp", "GstRtspServer")
    )
    gst.init(None)
    server = kit.RTSPServer(address="127.0.0.1", service=port)
    factory = kit.RTSPMediaFactory()
    factory.set_launch(f"( {pipeline} )")
    factory.set_shared(True)
    factory.connect("media-configure", lambda _, media: _without_key_frames(gst, media.get_element()))
    if who:
        server.set_auth(_auth(kit, rtsp, *who))
        role = kit.RTSPPermissions()
        for name in (kit.RTSP_PERM_MEDIA_FACTORY_ACCESS, kit.RTSP_PERM_MEDIA_FACTORY_CONSTRUCT):
            role.add_permission_for_role("viewer", name, True)  # noqa: FBT003 - the bindings take no names
        factory.set_permissions(role)
    server.get_mount_points().add_factory("/cam", factory)
    server.attach(None)
    loop = glib.MainLoop()
    glib.io_add_watch(0, glib.IO_IN | glib.IO_HUP, lambda *_: loop.quit())
    sys.stdout.write(f"ready {server.get_bound_port()}\n")
    sys.stdout.flush()
    loop.run()


def _without_key_frames(gst: Any, pipeline: Any) -> None:  # noqa: ANN401 - bindings without types
    """Where the pipeline has an element `keyless`."""
    element = pipeline.get_by_name("keyless")
    if element is None:
        return

    def look(_: Any, info: Any) -> Any:  # noqa: ANN401
        delta = info.get_buffer().has_flags(gst.BufferFlags.DELTA_UNIT)
        return gst.PadProbeReturn.OK if delta else gst.PadProbeReturn.DROP

    element.get_static_pad("src").add_probe(gst.PadProbeType.BUFFER, look)


def _auth(kit: Any, rtsp: Any, method: str, user: str, password: str) -> Any:  # noqa: ANN401 - bindings without types
    auth, token = kit.RTSPAuth(), kit.RTSPToken()
    token.set_string(kit.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "viewer")
    if method == "digest":
        auth.set_supported_methods(rtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    else:
        auth.add_basic(kit.RTSPAuth.make_basic(user, password), token)
    return auth


if __name__ == "__main__":
    main()
