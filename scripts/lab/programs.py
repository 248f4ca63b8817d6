"""The programs that recordings need, the Debian packages they come from, and their versions."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping

from scripts.lab.netns import LabError
from scripts.lab.services import DATABASE_PROGRAMS

# where servers lie, which a caller's search path may lack
_SEARCHED = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))

# program: Debian package
_BASE: Mapping[str, str] = {
    "ip": "iproute2",
    "tc": "iproute2",
    "tcpdump": "tcpdump",
    "nginx": "nginx-light",
    "sshd": "openssh-server",
    "ssh": "openssh-client",
    "openssl": "openssl",
    "curl": "curl",
    "hydra": "hydra",
    "hping3": "hping3",
    "sysctl": "procps",
    "unshare": "util-linux",
}
FOR_PATH: Mapping[str, str] = {**_BASE, "iperf3": "iperf3"}
FOR_LAB: Mapping[str, str] = {
    **_BASE,
    "iperf3": "iperf3",
    "nmap": "nmap",
    "ab": "apache2-utils",
    "slowhttptest": "slowhttptest",
    "haproxy": "haproxy",
    "dovecot": "dovecot-core",
    "/usr/lib/dovecot/imap-login": "dovecot-imapd",
    "/usr/lib/dovecot/pop3-login": "dovecot-pop3d",
    "vsftpd": "vsftpd",
    "mosquitto": "mosquitto",
    "mosquitto_pub": "mosquitto-clients",
    "psql": "postgresql-client-15",
    str(DATABASE_PROGRAMS / "postgres"): "postgresql-15",
}


def versions(programs: Mapping[str, str]) -> dict[str, str]:
    """The version of each package; raises LabError naming those to install when any is missing."""
    missing = {
        package for name, package in programs.items() if not shutil.which(name, path=_SEARCHED)
    }
    if missing:
        raise LabError(f"tools are missing: apt-get install {' '.join(sorted(missing))}")
    return {package: _version(package) for package in sorted(set(programs.values()))}


def _version(package: str) -> str:
    asked = ["dpkg-query", "-W", "-f", "${Version}", package]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout or "unknown"
