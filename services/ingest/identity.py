"""Who pushes: the names in a client's certificate, and the cameras that they may push."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from canairy.errors import InvalidMessage
from canairy.site.model import Camera

# As gRPC hands over what a client's certificate says (grpc_security_constants.h).
CERTIFICATE: Final = "x509_pem_cert"
NAMES: Final = ("x509_common_name", "x509_subject_alternative_name")


def names_of(told: Mapping[str, Iterable[bytes]]) -> frozenset[str] | None:
    """The names in the certificate that a client showed; None where it was not asked for one."""
    if CERTIFICATE not in told:
        return None
    return frozenset(name.decode("utf-8", "backslashreplace") for kind in NAMES for name in told.get(kind, ()) if name)


def check_identity(camera: Camera, names: frozenset[str] | None) -> None:
    """Raise InvalidMessage where a client may not push this camera.

    Where clients show certificates, theirs must name the camera: by its `identity` of the site file, else by its id.
    Where they do not, a camera with an identity is pushed by nobody.
    """
    if names is None:
        if camera.identity is not None:
            raise InvalidMessage(
                f"{camera.id} is pushed by {camera.identity!r} alone, and clients show no certificates: "
                "set CANAIRY_GRPC_CLIENT_CA_FILE"
            )
        return
    wanted = camera.identity or camera.id
    if wanted not in names:
        shown = ", ".join(sorted(names)) or "nobody"
        raise InvalidMessage(f"{camera.id} is pushed by {wanted!r} alone, and this client's certificate names {shown}")
