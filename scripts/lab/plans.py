"""What is recorded on the path: addresses, and the phases of each recording.

Recordings kept as packets ship as captures; those kept as flows only as the hops' flows and the
probes' results. Phases begin on a multiple of SLOT seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SLOT = 5
SVC = "10.77.100.10"
DEP = "10.77.150.10"  # what the service may depend on, with neighbours of its own
HOPS = ("hop1", "hop2", "hop3")
VANTAGES = ("out1", "out2", "out3", "out4")
CLIENTS = ("cli1", "cli2", "cli3")
OUTSIDE = {
    **{name: f"10.77.{number}.10" for number, name in enumerate(CLIENTS, 1)},
    "attacker": "10.77.66.10",
    **{name: f"10.77.{number}.10" for number, name in enumerate(VANTAGES, 201)},
}
SPOOFED_NETWORK = "198.18.0.0/15"
SPOOFED = (
    *("198.18.0.21", "198.18.7.90", "198.19.31.4", "198.19.200.133"),
    *("198.18.44.8", "198.18.130.61", "198.19.5.77", "198.19.92.210"),
)
FLOOD_PAYLOAD = 1_200
# Eight senders with this pause make about 5,000 packets/s on an idle machine.
FLOOD_PAUSE_US = 1_500
# FastNetMon: 3,500 flows/s towards one host, mean of 5 s. Each packet is a new flow here.
FLOOD_THRESHOLD = 3_500
# Zeek calls 30 failed logins in 30 minutes a brute force.
BRUTE_FORCE_THRESHOLD = 30
GUESSES = 160
BURST = 4
QUEUE_SECONDS = 2.4
NARROW, WIDE = 3_000, 200_000

Attack = Literal[
    "brute_force",
    "syn_flood",
    "udp_flood",
    "one_way_sensor",
    "silent_sensor",
    "hanging_service",
    "flapping_service",
    "hanging_dependency",
]


@dataclass(frozen=True)
class Phase:
    """A stretch of a recording in whole slots, with what is done in it beside ordinary use."""

    name: str
    seconds: int
    attack: Attack | None = None


@dataclass(frozen=True)
class Plan:
    """One recording. ``bottleneck_kbit`` limits what reaches the service; every mean of five
    seconds within a flood lies in ``flood_band`` (new flows a second); ``loses`` says what the
    vantages see: no failed probe, failed probes but no lost slot, or every slot of the loss lost.
    ``dependency`` says whether there is one, and whether the service's pages come from there.
    """

    name: str
    seed: int
    phases: tuple[Phase, ...]
    loses: Literal["nothing", "probes", "slots"] = "nothing"
    keeps: Literal["packets", "flows"] = "packets"
    bottleneck_kbit: int = NARROW
    flood_pause_us: int = FLOOD_PAUSE_US
    flood_band: tuple[int, int] = (FLOOD_THRESHOLD, 1_000_000)
    dependency: Literal["none", "needed", "spare"] = "none"

    @property
    def seconds(self) -> int:
        return sum(phase.seconds for phase in self.phases)


_BRUTE = Phase("brute_force", 55, "brute_force")
_BEFORE, _AFTER = Phase("benign", 20), Phase("recovery", 15)
_SHORT_FLOOD = Phase("flood", 20, "syn_flood")
PLANS = {
    plan.name: plan
    for plan in (
        Plan(
            "demo",
            11,
            (
                Phase("benign", 185),
                _BRUTE,
                Phase("flood", 45, "syn_flood"),
                Phase("recovery", 30),
            ),
            loses="slots",
        ),
        Plan("benign", 12, (Phase("benign", 315),)),
        Plan(
            "harmless_flood",
            13,
            (Phase("benign", 30), Phase("flood", 25, "udp_flood"), Phase("recovery", 30)),
            bottleneck_kbit=WIDE,
        ),
        Plan(
            "sensor_only_loss",
            14,
            (
                _BEFORE,
                Phase("one_way_sensor", 15, "one_way_sensor"),
                Phase("silent_sensor", 10, "silent_sensor"),
                _AFTER,
            ),
        ),
        Plan("brute_force", 15, (_BEFORE, _BRUTE, _AFTER)),
        Plan(
            "attack_below",
            16,
            (_BEFORE, _SHORT_FLOOD, _AFTER),
            loses="slots",
            keeps="flows",
            flood_pause_us=2_300,
            flood_band=(2_700, FLOOD_THRESHOLD - 40),
        ),
        Plan(
            "attack_above",
            17,
            (_BEFORE, _SHORT_FLOOD, _AFTER),
            loses="slots",
            keeps="flows",
            flood_pause_us=1_800,
            flood_band=(FLOOD_THRESHOLD + 20, 4_400),
        ),
        Plan(
            "outage",
            18,
            (_BEFORE, Phase("outage", 20, "hanging_service"), _AFTER),
            loses="slots",
            keeps="flows",
        ),
        Plan(
            "flapping",
            19,
            (_BEFORE, Phase("flapping", 20, "flapping_service"), _AFTER),
            loses="probes",
            keeps="flows",
        ),
        Plan(
            "dependency_needed",
            20,
            (_BEFORE, Phase("outage", 20, "hanging_dependency"), _AFTER),
            loses="slots",
            keeps="flows",
            dependency="needed",
        ),
        Plan(
            "dependency_up",
            22,
            (_BEFORE, Phase("outage", 20, "hanging_service"), _AFTER),
            loses="slots",
            keeps="flows",
            dependency="spare",
        ),
        Plan(
            "dependency_spare",
            21,
            (_BEFORE, Phase("outage", 20, "hanging_dependency"), _AFTER),
            keeps="flows",
            dependency="spare",
        ),
    )
}
