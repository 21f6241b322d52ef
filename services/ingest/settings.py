"""What ingest reads from its environment, beside what every service does."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from canairy.settings import ServiceSettings

MIB = 1024 * 1024


class IngestSettings(ServiceSettings):
    """CANAIRY_SPOOL_…, CANAIRY_CANARY_PERIOD_S, CANAIRY_CLOCK_CHECK, CANAIRY_SECRETS_DIR, CANAIRY_GRPC_…."""

    # Where messages wait for a broker that is away, and which files have been read; default: ingest in the data folder.
    spool_dir: Path | None = None
    spool_bytes: int = Field(1024 * MIB, ge=16 * MIB)
    canary_period_s: float = Field(60.0, ge=1, le=3600)
    # False where something else watches a clock that the kernel takes for not synchronised.
    clock_check: bool = True
    # Files of user:password and certificates, by the names that the site file gives them.
    secrets_dir: Path | None = None
    grpc_host: str = "127.0.0.1"
    grpc_port: int = Field(0, ge=0, le=65535)
    grpc_cert_file: Path | None = None
    grpc_key_file: Path | None = None
    # With it, only clients that show a certificate of this authority are heard.
    grpc_client_ca_file: Path | None = None

    @property
    def spool_folder(self) -> Path:
        """Where ingest keeps its files."""
        return self.spool_dir or self.data_dir / "ingest"

    @model_validator(mode="after")
    def _complete_tls(self) -> IngestSettings:
        if (self.grpc_cert_file is None) != (self.grpc_key_file is None):
            raise ValueError("CANAIRY_GRPC_CERT_FILE and CANAIRY_GRPC_KEY_FILE belong together")
        if self.grpc_client_ca_file is not None and self.grpc_cert_file is None:
            raise ValueError("CANAIRY_GRPC_CLIENT_CA_FILE needs CANAIRY_GRPC_CERT_FILE and CANAIRY_GRPC_KEY_FILE")
        files = (self.grpc_cert_file, self.grpc_key_file, self.grpc_client_ca_file)
        missing = [str(file) for file in files if file is not None and not file.is_file()]
        if missing:
            raise ValueError(f"no such file: {', '.join(missing)}")
        return self
