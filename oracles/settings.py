"""The settings of a member and of a sensor, read from one JSON file each; changes when a setting
does.

Secrets stand in files of their own: a setting that ends with ``_file`` names one. Paths are
relative to the settings file. Nothing here is secret, so all of it may be logged.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from oracles.attest.live import Exporters, FollowedLog, LiveFlows, LogKind
from oracles.attest.observe import Subject
from oracles.attest.sources import LIVE, Rebase
from oracles.domain.incident import LostRule
from oracles.domain.quorum import ChainTerms, Signer, Timing, default_timing
from oracles.domain.thresholds import FLOOD, FloodThreshold, Origin
from oracles.evidence.bundle import canonical, hash_of
from oracles.quorum.score_round import SensorOf

Port = Annotated[int, Field(ge=0, le=65_535)]
Seconds = Annotated[int, Field(ge=0)]
DEPENDENCIES: Final = 1 << 32
"""A dependency's subject number is this plus its index (as in contracts/claims/Runs.sol)."""


class SettingsError(Exception):
    """A settings file that cannot be used; one line says where and why."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Arrival(_Settings):
    """How long a running recorder is waited for, in seconds: after a frame's end for its records,
    and for any record at all before it counts as silent."""

    allowance_s: Seconds = 2
    silent_s: Annotated[int, Field(ge=1)] = 900


class SourceSettings(_Arrival):
    """A file of records; a recording says when it began and which chain second that is. With
    ``follow`` it is a connection log of that kind that grows and is rotated."""

    path: Path
    recording_start_us: int | None = None
    chain_base: int | None = None
    follow: LogKind | None = None

    def live(self) -> LiveFlows | None:
        """The flows of a log that is to be followed."""
        if self.follow is None:
            return None
        return LiveFlows(FollowedLog(self.path, self.follow), self.allowance_s, self.silent_s)

    @property
    def rebase(self) -> Rebase:
        """The recording's clock; LIVE for a file whose records carry chain time."""
        if self.recording_start_us is None or self.chain_base is None:
            return LIVE
        return Rebase(self.recording_start_us, self.chain_base)


class NetflowSettings(_Arrival):
    """NetFlow v5, v9 and IPFIX over UDP: a private address to listen on, and whom to hear."""

    netflow_host: str
    netflow_port: Port
    exporters: Annotated[tuple[str, ...], Field(min_length=1)]

    def live(self) -> LiveFlows:
        """The flows received. Raises ValueError for a public address, OSError when it cannot
        bind."""
        feed = Exporters(self.netflow_host, self.netflow_port, self.exporters)
        return LiveFlows(feed, self.allowance_s, self.silent_s)


FlowSettings = SourceSettings | NetflowSettings
"""Where flows come from."""


class Listen(_Settings):
    """Where the HTTP interface listens; port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: Port = 0


class ExternalSignerSettings(_Settings):
    """A signer that keeps the member's key: its JSON-RPC address, and the account."""

    url: str
    address: Annotated[str, Field(pattern="^0x[0-9a-fA-F]{40}$")]


class TimingSettings(_Settings):
    """Parts of the committee's timing that differ from ``default_timing``."""

    batch_allowance: Seconds | None = None
    probe_arrival: Seconds | None = None
    turn_delay: Seconds | None = None
    attest_patience: Seconds | None = None
    close_margin: Seconds | None = None
    heartbeat_frames: Seconds | None = None
    deviation: Seconds | None = None
    grace_ms: Seconds | None = None


class LostSettings(_Settings):
    """See LostRule."""

    min_probes: int = LostRule().min_probes
    source: str = LostRule().source


class FloodSettings(_Settings):
    """See FloodThreshold."""

    source: str = FLOOD.origin.source
    packets_per_s: int = FLOOD.packets_per_s
    bits_per_s: int = FLOOD.bits_per_s
    flows_per_s: int = FLOOD.flows_per_s
    mean_s: int = FLOOD.mean_s


class CommitteeSettings(_Settings):
    """What all members of a committee must agree on; its digest is registered on chain."""

    timing: TimingSettings = TimingSettings()
    lost: LostSettings = LostSettings()
    flood: FloodSettings = FloodSettings()

    def timing_for(self, terms: ChainTerms, members: int) -> Timing:
        """The timing for a deployment and a committee of ``members``."""
        default = default_timing(terms, members)
        own = self.timing.model_dump(exclude_none=True)
        return Timing(**{**vars(default), **own})

    @property
    def lost_rule(self) -> LostRule:
        return LostRule(self.lost.min_probes, self.lost.source)

    @property
    def flood_rule(self) -> FloodThreshold:
        flood = self.flood
        origin = Origin(flood.source, FLOOD.origin.technique, FLOOD.origin.veris)
        return FloodThreshold(
            origin, flood.packets_per_s, flood.bits_per_s, flood.flows_per_s, flood.mean_s
        )

    def digest(self) -> bytes:
        """32 bytes: keccak-256 of the settings' canonical JSON."""
        return hash_of(canonical(self.model_dump(mode="json")))


class RiskSettings(_Settings):
    """An insured asset as the members know it: the service to probe, its hosts' addresses, and
    the account of its sensor."""

    risk: Annotated[int, Field(ge=0, lt=1 << 32)]
    target: str
    hosts: tuple[str, ...] = ()
    sensor: str | None = None

    def subject(self) -> Subject:
        return Subject(self.risk, self.target, self.hosts)


class DependencySettings(_Settings):
    """Something that many risks share, as the members know it: its index on chain, and a service of
    it that is probed from outside as a risk's own is."""

    dependency: Annotated[int, Field(gt=0, lt=1 << 32)]
    target: str

    def subject(self) -> Subject:
        return Subject(DEPENDENCIES + self.dependency, self.target, ())


class RisksFile(_Settings):
    """The file of what is watched, which may change while a member runs: insured assets, and the
    dependencies that they share."""

    risks: tuple[RiskSettings, ...] = ()
    dependencies: tuple[DependencySettings, ...] = ()

    def sensors(self) -> tuple[SensorOf, ...]:
        """Risks that have a sensor, and whose it is."""
        return tuple(SensorOf(r.risk, Signer(r.sensor)) for r in self.risks if r.sensor)

    def subjects(self) -> tuple[Subject, ...]:
        """All that is watched; a dependency's slots are marked under a number of its own."""
        own = (risk.subject() for risk in self.risks)
        return (*own, *(dependency.subject() for dependency in self.dependencies))


S = TypeVar("S", bound=_Settings)


class MemberSettings(_Settings):
    """One member of the committee."""

    name: str
    rpc_url: str
    deployment: Path
    data_dir: Path
    risks: Path
    vantage: str
    listen: Listen = Listen()
    peers: tuple[str, ...] = ()
    key_file: Path | None = None
    keystore_password_file: Path | None = None
    external_signer: ExternalSignerSettings | None = None
    pseudonym_key_file: Path
    probes: SourceSettings
    upstream: FlowSettings | None = None
    upstream_export_s: Annotated[int, Field(ge=1)] = 5
    model: Path | None = None
    evidence: Annotated[str, Field(pattern="^s3://.")] | None = None
    """The bucket that keeps the bundles, instead of a folder in the data folder."""
    committee: CommitteeSettings = CommitteeSettings()
    behaviour: str = "honest"
    poll_ms: Annotated[int, Field(ge=10)] = 200

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads a settings file. Raises SettingsError."""
        return _read(cls, path)


class SensorSettings(_Settings):
    """One sensor at an insured asset."""

    name: str
    rpc_url: str
    deployment: Path
    data_dir: Path
    risk: Annotated[int, Field(ge=0, lt=1 << 32)]
    hosts: tuple[str, ...]
    members: tuple[str, ...]
    key_file: Path
    keystore_password_file: Path | None = None
    pseudonym_key_file: Path
    source: FlowSettings
    poll_ms: Annotated[int, Field(ge=10)] = 200

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads a settings file. Raises SettingsError."""
        return _read(cls, path)


def read_risks(path: Path) -> RisksFile:
    """Reads the file of insured assets. Raises SettingsError."""
    return _read(RisksFile, path)


def _read(kind: type[S], path: Path) -> S:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        return _absolute(kind.model_validate(fields), path.resolve().parent)
    except OSError as error:
        raise SettingsError(path, f"cannot be read ({type(error).__name__})") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(path, f"{where}: {first['msg']}") from error
    except ValueError as error:
        raise SettingsError(path, f"is no JSON: {error}") from error


def _absolute(settings: S, folder: Path) -> S:
    """The settings with every path taken from the folder of their file."""
    changed: dict[str, Any] = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, Path):
            changed[name] = folder / value
        elif isinstance(value, _Settings):
            changed[name] = _absolute(value, folder)
    return settings.model_copy(update=changed)
