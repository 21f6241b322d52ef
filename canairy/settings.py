"""What every service reads from its environment: variables begin with CANAIRY_."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from canairy.errors import ConfigurationError

S = TypeVar("S", bound=BaseSettings)


class KafkaSettings(BaseSettings):
    """How to reach Kafka; TLS and SASL as the broker asks for them."""

    model_config = SettingsConfigDict(env_prefix="CANAIRY_", frozen=True, extra="ignore")

    kafka_bootstrap: str = "127.0.0.1:9092"
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_ca_file: Path | None = None
    kafka_cert_file: Path | None = None
    kafka_key_file: Path | None = None
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    # A member that is not heard of for this long is replaced: failover must end within 15 s, taking over included.
    kafka_session_timeout_s: float = Field(6.0, ge=1, le=300)

    @model_validator(mode="after")
    def _complete(self) -> KafkaSettings:
        if self.kafka_security_protocol.startswith("SASL") and not (
            self.kafka_sasl_mechanism and self.kafka_sasl_username and self.kafka_sasl_password
        ):
            raise ValueError(
                f"{self.kafka_security_protocol} needs CANAIRY_KAFKA_SASL_MECHANISM, _USERNAME and _PASSWORD"
            )
        if (self.kafka_cert_file is None) != (self.kafka_key_file is None):
            raise ValueError("CANAIRY_KAFKA_CERT_FILE and CANAIRY_KAFKA_KEY_FILE belong together")
        return self


class ServiceSettings(KafkaSettings):
    """What all four services are told."""

    site_file: Path
    data_dir: Path = Path("canairy-data")
    http_host: str = "127.0.0.1"
    http_port: int = Field(0, ge=0, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    # OTLP over gRPC, e.g. http://collector:4317; without it, trace context is passed on but no span is exported.
    otlp_endpoint: str | None = None


class ModelSettings(ServiceSettings):
    """Beside what all services are told: where models are served, for sites whose file asks for them."""

    # host:port of Triton's gRPC.
    triton_address: str | None = None
    # The repository that Triton serves: the cards of its models are read here.
    model_repository: Path | None = None

    def models(self, why: str) -> tuple[str, Path]:
        """Address and repository; raises ConfigurationError when they are not told and the site file needs them."""
        if self.triton_address is None or self.model_repository is None:
            raise ConfigurationError(f"the site file {why}: set CANAIRY_TRITON_ADDRESS and CANAIRY_MODEL_REPOSITORY")
        return self.triton_address, self.model_repository


def load_settings(kind: type[S]) -> S:
    """Settings from the environment; raises ConfigurationError that lists every mistake, one a line."""
    try:
        return kind()
    except ValidationError as error:
        lines = [_mistake(kind, dict(mistake)) for mistake in error.errors(include_input=False, include_url=False)]
        raise ConfigurationError("\n".join(lines)) from None


def _mistake(kind: type[BaseSettings], mistake: dict[str, object]) -> str:
    place = mistake["loc"]
    name = "_".join(str(part) for part in place) if isinstance(place, tuple) and place else ""
    variable = f"{kind.model_config.get('env_prefix', '')}{name}".upper() if name else "settings"
    return f"{variable}: {mistake['msg']}"
