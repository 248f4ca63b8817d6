"""The laboratory's six networks: what they serve, who uses them, and what is done to them.

Each attack stands beside a benign twin of the same protocol, port and direction: guessing beside
logins and mistyped passwords, floods beside flash crowds, beacons beside polling, exfiltration
beside backups, scans beside monitoring. Recordings named ``*_below`` and ``*_above`` lie on either
side of a published threshold; its source is in their ``threshold``.
"""

from scripts.lab.networks import (
    api,
    back_office,
    fleet,
    limits,
    mail_and_files,
    office,
    web_shop,
)

NETWORKS = {
    part.SITE.name: part.SITE
    for part in (web_shop, office, api, mail_and_files, fleet, back_office)
}
# with the one that only lies beside thresholds
SITES = {**NETWORKS, limits.SITE.name: limits.SITE}
