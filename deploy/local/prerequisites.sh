#!/bin/sh
# Is what `make` needs on this machine? Prints the one line that installs what is missing, and runs it itself when it
# is root on Debian. The Python to look at is $PYTHON (python3).
set -eu

python=${PYTHON:-python3}
library="libpython$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo 3)"
# The last line is what tests play cameras with: an RTSP server, run by the system's own Python.
install="apt-get install -y openjdk-17-jre-headless maven python3-venv $library ffmpeg \
    gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly python3-gi"

missing() {
    "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        echo "Python 3.11 or newer with venv (PYTHON=$python)"
    # Triton's Python backend loads it.
    "$python" -c 'import os, sys, sysconfig
folder, name = map(sysconfig.get_config_var, ("LIBDIR", "INSTSONAME"))
sys.exit(not os.path.exists(os.path.join(folder, name)))' 2>/dev/null || echo "the shared library of Python ($library)"
    java=$(java -version 2>&1 | sed -n 's/.*version "\(1\.\)\{0,1\}\([0-9]*\).*/\2/p' | head -n 1) || java=
    [ "${java:-0}" -ge 17 ] || echo "Java 17 or newer"
    command -v mvn >/dev/null || echo "Maven"
}

# Wanted, and nothing fails without it but cameras of rtsp: and video:, and tests of them are skipped.
wanted() {
    # Decodes streams and recordings in a process of its own; 5.1 and newer pass frames on as they come.
    ffmpeg -hide_banner -h long 2>/dev/null | grep -q -e -fps_mode || echo "ffmpeg 5.1 or newer"
    /usr/bin/python3 -c 'import gi
gi.require_version("GstRtspServer", "1.0")' 2>/dev/null || echo "gst-rtsp-server, which tests of RTSP play cameras with"
}

[ -n "$(missing)$(wanted)" ] || exit 0
wanted | sed 's/^/wanted: /' >&2
missing | sed 's/^/missing: /' >&2
if [ "$(id -u)" -eq 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null; then
    echo "running: apt-get update && $install" >&2
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -q && $install; } >&2 || true
    [ -n "$(missing)" ] || exit 0
    missing | sed 's/^/still missing: /' >&2
else
    echo "install with: $install" >&2
    [ -n "$(missing)" ] || exit 0
fi
exit 1
