"""The site file as frozen data: cameras, views, assets, limits. Loading and its errors: `canairy.site.load`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from canairy.site.base import Duration, Identifier, Model, PixelPoint, Side
from canairy.site.estimate import Estimate
from canairy.site.privacy import Privacy
from canairy.site.watched import Watched

Level = Literal["low", "medium", "high"]

# Industrial thermal CCTV data set (514): site kind and equipment.
EQUIPMENT: dict[str, str] = {
    "0101": "high-voltage motor",
    "0102": "circuit breaker",
    "0103": "transformer joint",
    "0104": "renewable (battery)",
    "0201": "disconnector",
    "0202": "metering outfit (MOF)",
    "0203": "transformer cable joint",
    "0204": "voltage transformer (PT)",
    "0205": "current transformer (CT)",
    "0206": "contactor",
    "0207": "cable/busbar joint",
    "0208": "grounding capacitor",
    "0301": "boiler",
    "0302": "pump",
    "0401": "axle bearing",
    "0402": "gearbox",
}

# A view with this identifier stands for every file of a folder: each file is a view of its own.
EACH_FILE = "*"


def _site_zone(name: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever the file holds
    if isinstance(name, str):
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"unknown time zone {name!r}: use a name such as Asia/Seoul") from error
    return name


class SiteInfo(Model):
    """Which site this is; `timezone` is for displays only, all times inside are UTC."""

    id: Identifier
    name: str = ""
    timezone: Annotated[str, BeforeValidator(_site_zone)] = "UTC"

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.timezone)


class Window(Model):
    """A housing's window that the camera itself does not reckon with: the share it lets through, and how warm it is."""

    transmission: float = Field(ge=0.01, le=1)
    temperature_c: float = Field(20.0, ge=-100, le=500)


class Radiometry(Model):
    """Object parameters of a camera: emissivity and humidity as shares of one.

    Where a file says with which ones it was made, those that stand here are known better and replace them; where it
    does not, these are the ones that the camera is set to. `window` is reckoned with in both cases.
    """

    emissivity: float = Field(0.95, ge=0.01, le=1)
    distance_m: float = Field(1.0, ge=0, le=10_000)
    reflected_c: float = Field(20.0, ge=-100, le=2000)
    atmospheric_c: float = Field(20.0, ge=-100, le=100)
    humidity: float = Field(0.5, ge=0, le=1)
    window: Window | None = None


# What cameras write by themselves: so many kelvin a count, from 0 K.
SCALE_PRESETS: Final = {"0.01K": 0.01, "0.04K": 0.04, "0.1K": 0.1}
Preset = Literal["0.01K", "0.04K", "0.1K"]


def _scale_preset(scale: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever the file holds
    if not isinstance(scale, str):
        return scale
    if scale not in SCALE_PRESETS:
        known = ", ".join(SCALE_PRESETS)
        raise ValueError(f"{scale!r} is no known scale: it is one of {known}, or a mapping of scale_k and offset_c")
    return {"scale_k": SCALE_PRESETS[scale]}


class Scale(Model):
    """Linear scale of 16-bit files: degrees Celsius = count * scale_k + offset_c."""

    scale_k: float = Field(0.01, gt=0, le=10)
    offset_c: float = Field(-273.15, ge=-500, le=500)


class HotSpotLimit(Model):
    """A hot spot that reaches either limit is an alarm."""

    high_c: float | None = Field(None, ge=-100, le=2000)
    over_surroundings_k: float | None = Field(None, gt=0, le=2000)
    on_delay: Duration = timedelta(0)
    dead_band_k: float = Field(2.0, ge=0, le=100)
    consequence: Level = "medium"
    respond_within: Duration = timedelta(hours=1)
    response: str = ""

    @model_validator(mode="after")
    def _some_limit(self) -> HotSpotLimit:
        if self.high_c is None and self.over_surroundings_k is None:
            raise ValueError("hotspot_limit needs high_c, over_surroundings_k or both")
        return self


class Limits(Model):
    """Alarm limits of an asset; a limit that is not given is not judged."""

    high_c: float | None = Field(None, ge=-100, le=2000)
    high_high_c: float | None = Field(None, ge=-100, le=2000)
    delta_k: float | None = Field(None, gt=0, le=2000)
    on_delay: Duration = timedelta(0)
    dead_band_k: float = Field(2.0, ge=0, le=100)

    @field_validator("high_high_c")
    @classmethod
    def _ordered(cls, high_high_c: float | None, info: ValidationInfo) -> float | None:
        high_c = info.data.get("high_c")
        if high_c is not None and high_high_c is not None and high_high_c <= high_c:
            raise ValueError(f"high_high_c ({high_high_c}) must be above high_c ({high_c})")
        return high_high_c


class Appearance(Model):
    """An asset that is compared with a memory bank of its normal crops (PatchCore).

    It is abnormal when `readings` of the newest `of` scored readings are; normal again when as many in a row are.
    `bank`: its name in the served model; without it, the asset's own.
    """

    bank: Identifier | None = None
    readings: int = Field(3, ge=1, le=100)
    of: int = Field(5, ge=1, le=100)

    @field_validator("of")
    @classmethod
    def _enough(cls, of: int, info: ValidationInfo) -> int:
        readings = info.data.get("readings")
        if readings is not None and of < readings:
            raise ValueError(f"of ({of}) must be at least readings ({readings})")
        return of


class Asset(Model):
    """One piece of equipment in a view: `region` is its outline in pixels from the top left."""

    id: Identifier
    equipment: str
    region: tuple[PixelPoint, ...] = Field(min_length=3, max_length=200)
    phase: str = ""
    group: Identifier | None = None
    limit_class: str = ""
    # Its own, where it differs from what the camera is set to: its temperatures are corrected for it.
    emissivity: float | None = Field(None, ge=0.01, le=1)
    distance_m: float | None = Field(None, ge=0, le=10_000)
    target_mm: float | None = Field(None, gt=0)
    load: Identifier | None = None
    limits: Limits = Limits()
    anomaly: Appearance | None = None
    consequence: Level = "medium"
    respond_within: Duration = timedelta(hours=1)
    response: str = ""

    @property
    def bank(self) -> str | None:
        """The memory bank that it is compared with, if it is."""
        return None if self.anomaly is None else self.anomaly.bank or self.id

    @field_validator("equipment")
    @classmethod
    def _known_equipment(cls, equipment: str) -> str:
        if equipment not in EQUIPMENT:
            raise ValueError(f"{equipment!r} is not an equipment code: it is one of {', '.join(EQUIPMENT)}")
        return equipment


class View(Watched):
    """What a camera sees: a PTZ preset or the one fixed view; `*`: each file of a folder is a view of its own."""

    id: Identifier | Literal["*"]
    hotspot_limit: HotSpotLimit | None = None
    assets: tuple[Asset, ...] = ()

    @field_validator("assets")
    @classmethod
    def _no_assets_in_each_file(cls, assets: tuple[Asset, ...], info: ValidationInfo) -> tuple[Asset, ...]:
        if info.data.get("id") == EACH_FILE and assets:
            raise ValueError("a view '*' (each file its own view) cannot have registered assets")
        return assets


class Camera(Model):
    """A source of frames. `source` is e.g. folder:/path, rtsp://HOST/PATH, simulated:NAME or push:."""

    id: Identifier
    source: str = Field(pattern=r"^[a-z+]+:.*$")
    rate_hz: float = Field(1.0, gt=0, le=60)
    scale: Annotated[Scale, BeforeValidator(_scale_preset, json_schema_input_type=Scale | Preset)] = Scale()
    radiometry: Radiometry = Radiometry()
    # Of a folder: the files that are this camera's, by name ("cam03_*.jpg"); whether folders inside are looked into.
    files: str | None = Field(None, min_length=1, max_length=200)
    subfolders: bool = False
    # Its pictures are 8-bit ones: brightness or colours, from which nobody may read degrees.
    temperatures: Literal["none"] | None = None
    # Temperatures that may be read off its colours.
    estimate: Estimate | None = None
    # Of a camera that is pushed: the name (CN or SAN) in the certificate of who may push it; without it, its id.
    identity: str | None = Field(None, min_length=1, max_length=200)
    # The names of secrets: user and password of the camera, and the authority (PEM) that its certificate is from.
    credentials: Identifier | None = None
    ca: Identifier | None = None
    # For files without a time of their own: a strptime pattern for the name, else starts_at + index / rate_hz.
    time_pattern: str | None = None
    starts_at: AwareDatetime | None = None
    # A camera without a new frame for this long is silent; default: five periods, at least 5 s.
    silent_after: Duration | None = None
    # Width and height of its frames, pixels: regions are held against it, and frames of another size are refused.
    size: tuple[Side, Side] | None = None
    privacy: Privacy = Privacy()
    views: tuple[View, ...] = Field(min_length=1)

    @field_validator("identity")
    @classmethod
    def _of_who_pushes(cls, identity: str | None, info: ValidationInfo) -> str | None:
        if identity is not None and not str(info.data.get("source", "push:")).startswith("push:"):
            raise ValueError("is of a camera that is pushed: only a source push: has one")
        return identity

    @field_validator("files", "subfolders")
    @classmethod
    def _only_of_a_folder(cls, value: str | bool | None, info: ValidationInfo) -> str | bool | None:
        source = info.data.get("source", "")
        if value and source and not source.startswith("folder:"):
            raise ValueError(f"is for a source folder: only, and this one is {source.partition(':')[0]}:")
        return value

    @property
    def kind(self) -> str:
        """The source's scheme: folder, rtsp, simulated, push."""
        return self.source.partition(":")[0]

    @property
    def pictures(self) -> bool:
        """Its files are 8-bit pictures: none has temperatures of its own, though some may be read off its colours."""
        return self.temperatures == "none" or self.estimate is not None

    @property
    def live(self) -> bool:
        """Runs in real time: shed when late, alarmed when silent. A folder and a video are recordings."""
        return self.kind not in {"folder", "video"}

    @property
    def watched_live(self) -> bool:
        """Live, and read by ingest itself: of what is pushed, the sender learns what was wrong."""
        return self.live and self.kind != "push"

    @property
    def silence(self) -> timedelta:
        """How long without a frame is silence."""
        return self.silent_after or max(timedelta(seconds=5), timedelta(seconds=5 / self.rate_hz))

    def view(self, name: str) -> View | None:
        """The view called `name`, the `*` view for a folder of single views, or None."""
        exact = next((view for view in self.views if view.id == name), None)
        return exact or next((view for view in self.views if view.id == EACH_FILE), None)


class DeclaredMeasurement(Model):
    """A load, a temperature, the weather: pushed over gRPC or by any producer."""

    unit: str
    rated: float | None = None


# Cameras tell their states up to 5 s apart and a state is overdue after 7 s at least: with less patience than this, a
# link that fails would be told as each of its cameras before it is missed itself.
SHORTEST_COVERAGE_DELAY: Final = timedelta(seconds=15)


class Detector(Model):
    """A detector looks for equipment in every frame; without it, only regions and hot spots are found.

    `least_score`: what it is less sure of is as if it had not been seen, 0 to 1.
    """

    least_score: float = Field(0.5, gt=0, le=1)


class Alerting(Model):
    """How the site wants to be told."""

    criteria: tuple[str, ...] = ()
    escalate_after: Duration = timedelta(minutes=15)
    coverage_alarm_after: Duration = timedelta(minutes=5)

    @field_validator("coverage_alarm_after")
    @classmethod
    def _patient(cls, value: timedelta) -> timedelta:
        if value < SHORTEST_COVERAGE_DELAY:
            raise ValueError(
                f"must be at least {SHORTEST_COVERAGE_DELAY.total_seconds():.0f}s: with less, "
                "a network that fails is told as every camera of its own"
            )
        return value


class Site(Model):
    """One site file, whole and valid."""

    site: SiteInfo
    cameras: tuple[Camera, ...] = Field(min_length=1)
    measurements: dict[Identifier, DeclaredMeasurement] = Field(default_factory=dict)
    detector: Detector | None = None
    alerting: Alerting = Alerting()
    # SHA-256 of the file's bytes, first 16 hex digits; set by the loader.
    digest: str = Field("", exclude=True)

    @property
    def assets(self) -> tuple[Asset, ...]:
        """Every registered asset, in the order of the file."""
        return tuple(asset for camera in self.cameras for view in camera.views for asset in view.assets)

    @property
    def banks(self) -> dict[str, str]:
        """The memory bank of each asset that is compared with one."""
        return {asset.id: asset.bank for asset in self.assets if asset.bank is not None}

    def camera(self, name: str) -> Camera | None:
        """The camera called `name`, or None."""
        return next((camera for camera in self.cameras if camera.id == name), None)
