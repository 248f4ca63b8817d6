"""Why a score is what it is, in a network engineer's words, and what lowers it; changes when a
feature is explained or remedied otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from oracles.domain.features import FEATURES


@dataclass(frozen=True)
class Remedy:
    """A control that removes the cause, its CSF 2.0 function and subcategory, and the ATT&CK
    mitigation it realises."""

    control: str
    csf: str
    mitigation: str


@dataclass(frozen=True)
class Reason:
    """One feature's share in a score. ``margin`` is in 1/10,000 of log odds, ``score_effect`` how
    much lower the score would be without it."""

    feature: str
    words: str
    value: int
    margin: int
    score_effect: int
    remedy: Remedy


_EXPOSURE: Final = Remedy(
    "close unused ports to the Internet and filter inbound traffic at the edge",
    "PR.IR-01",
    "M1037 Filter Network Traffic",
)
_LOGIN: Final = Remedy(
    "require keys or a second factor, and lock out or slow down repeated logins",
    "PR.AA-03",
    "M1032 Multi-factor Authentication; M1036 Account Use Policies",
)
_EGRESS: Final = Remedy(
    "allow outbound connections only to known destinations, and inspect the rest",
    "PR.IR-01",
    "M1031 Network Intrusion Prevention; M1037 Filter Network Traffic",
)
_HOST: Final = Remedy(
    "isolate the host that opened these connections and look for malware on it",
    "RS.MI-01",
    "M1049 Antivirus/Antimalware; M1030 Network Segmentation",
)
_CAPACITY: Final = Remedy(
    "put rate limits and upstream scrubbing in front of the service",
    "PR.IR-04",
    "M1037 Filter Network Traffic",
)
_DATA: Final = Remedy(
    "limit and alert on uploads to destinations that are not backups or partners",
    "DE.CM-01",
    "M1057 Data Loss Prevention",
)
_NAMES: Final = Remedy(
    "resolve names only through a filtering resolver",
    "DE.CM-01",
    "M1031 Network Intrusion Prevention; M1037 Filter Network Traffic",
)

_BY_FEATURE: Final = {
    "logins": (_LOGIN, _HOST),
    "alike_logins": (_LOGIN, _HOST),
    "young_logins": (_LOGIN, _HOST),
    "beats": (_EXPOSURE, _EGRESS),
    "young_beats": (_EXPOSURE, _EGRESS),
    "sent_share": (_DATA, _DATA),
    "young_sent_share": (_DATA, _DATA),
    "sent_surge": (_DATA, _DATA),
    "queries": (_NAMES, _NAMES),
    "surge": (_CAPACITY, _HOST),
    "received_surge": (_CAPACITY, _HOST),
    "embryonic": (_CAPACITY, _HOST),
    "slow": (_CAPACITY, _HOST),
    "alike_share": (_CAPACITY, _HOST),
}
MEANINGS: Final = {feature.name: feature.meaning for feature in FEATURES}


def remedy(feature: str) -> Remedy:
    """What to do about a feature; raises KeyError for a name that is none."""
    if feature not in MEANINGS:
        raise KeyError(feature)
    side, name = feature.split("_", 1)
    inbound, outbound = _BY_FEATURE.get(name, (_EXPOSURE, _HOST))
    return inbound if side == "in" else outbound


def words(feature: str, value: int) -> str:
    """The feature and its value in a sentence's place."""
    meaning = MEANINGS[feature].replace(", a hundred times their usual number", "")
    if feature.endswith("surge"):
        return f"{meaning}: {value / 100:.1f} times the usual"
    if feature.endswith("share"):
        return f"{meaning}: {value / 10:.0f} %"
    return f"{meaning}: {value:,}"
