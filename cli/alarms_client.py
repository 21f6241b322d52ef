"""The AlarmService as the commands call it: plain errors instead of gRPC's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import grpc
from pydantic_settings import BaseSettings, SettingsConfigDict

from canairy.errors import CanairyError, ConfigurationError, Unavailable
from canairy.settings import load_settings
from protos.canairy.v1 import alarm_service_pb2_grpc as pb_grpc

TIMEOUT_S: Final = 15.0


class Refused(CanairyError):
    """The alarm service answered, and said no."""


class ClientSettings(BaseSettings):
    """TLS towards the AlarmService: a CA makes it TLS, a certificate and key say who we are."""

    model_config = SettingsConfigDict(env_prefix="CANAIRY_", frozen=True, extra="ignore")

    alarms_ca_file: Path | None = None
    alarms_cert_file: Path | None = None
    alarms_key_file: Path | None = None


@contextmanager
def alarm_service(address: str) -> Iterator[pb_grpc.AlarmServiceStub]:
    """A stub for `address`; raises Unavailable when nobody answers there, and Refused when the answer is no."""
    with _channel(address) as channel:
        try:
            yield pb_grpc.AlarmServiceStub(channel)
        except grpc.RpcError as error:
            raise _plain(address, error) from error


def _channel(address: str) -> grpc.Channel:
    settings = load_settings(ClientSettings)
    if settings.alarms_ca_file is None:
        return grpc.insecure_channel(address)
    try:
        files = (settings.alarms_ca_file, settings.alarms_key_file, settings.alarms_cert_file)
        credentials = grpc.ssl_channel_credentials(*(None if file is None else file.read_bytes() for file in files))
    except OSError as error:
        raise ConfigurationError(f"TLS of the alarm service: {error.filename}: {error.strerror}") from error
    return grpc.secure_channel(address, credentials)


def _plain(address: str, error: Any) -> CanairyError:  # noqa: ANN401 - what a channel raises has more than its type
    code, details = error.code(), error.details()
    if code is grpc.StatusCode.UNAVAILABLE:
        return Unavailable(f"the alarm service at {address} does not answer: {details}")
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Unavailable(f"the alarm service at {address} did not answer within {TIMEOUT_S:.0f} s")
    return Refused(f"{details} ({code.name.lower().replace('_', ' ')})")
