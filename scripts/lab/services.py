"""The services of the insured host: web, secure shell, bulk transfer and names.

The shell account exists only inside a mount namespace of the server, over copies of the account
files; its password and every key are made for one run in the run's folder and die with it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.lab.netns import Network

ACCOUNT = "courier"
ACCOUNT_UID = 64_123
PAGES = 24
BULK_BYTES = 360_000


@dataclass(frozen=True)
class Credentials:
    """How benign clients sign in: a private key file, a password file for OpenSSH's askpass."""

    key: Path
    askpass: Path
    mistyped: Path


def _askpass(path: Path, word: str) -> Path:
    path.write_text(f"#!/bin/sh\necho '{word}'\n")
    path.chmod(0o700)
    return path


def _page_bytes(number: int) -> int:
    """Sizes of a small shop: most pages a few kB, some images of tens of kB."""
    return 900 + number * number * 75


def _text(size: int) -> bytes:
    """Content that packs well where a capture keeps its first bytes."""
    return (b"flowcover " * (size // 10 + 1))[:size]


def start_web(bed: Network, host: str, address: str, folder: Path) -> None:
    """nginx with a short front page, pages of varying size and one bulk file."""
    root = folder / "www"
    root.mkdir()
    (root / "index.html").write_text("<!doctype html><title>service</title><p>up</p>\n")
    for number in range(PAGES):
        (root / f"page{number}").write_bytes(_text(_page_bytes(number)))
    (root / "bulk").write_bytes(_text(BULK_BYTES))
    settings = folder / "nginx.conf"
    settings.write_text(
        f"""daemon off; worker_processes 1; user root; pid {folder}/nginx.pid;
error_log /dev/null;
events {{ worker_connections 1024; }}
http {{
  access_log off; default_type text/html; keepalive_timeout 5;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen {address}:80 backlog=511; root {root}; }}
}}
"""
    )
    bed.spawn(host, ["nginx", "-e", "/dev/null", "-p", str(folder), "-c", str(settings)])


def start_ssh(bed: Network, host: str, address: str, folder: Path) -> Credentials:
    """sshd with one account that exists nowhere else."""
    word = secrets.token_hex(8)
    home = folder / "home"
    home.mkdir()
    for name in ("host_key", "user_key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(folder / name)],
            check=True,
            stdin=subprocess.DEVNULL,
        )
    shutil.copy(folder / "user_key.pub", folder / "authorized")
    os.chown(home, ACCOUNT_UID, ACCOUNT_UID)
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"],
        input=word,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    lines = {
        "passwd": f"{ACCOUNT}:x:{ACCOUNT_UID}:{ACCOUNT_UID}::{home}:/bin/sh\n",
        "shadow": f"{ACCOUNT}:{hashed}:19000:0:99999:7:::\n",
        "group": f"{ACCOUNT}:x:{ACCOUNT_UID}:\n",
    }
    for name, line in lines.items():
        copy = folder / name
        copy.write_text(Path("/etc", name).read_text() + line)
        copy.chmod(0o600 if name == "shadow" else 0o644)
    (folder / "sshd_config").write_text(
        f"""ListenAddress {address}:22
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized
AllowUsers {ACCOUNT}
StrictModes no
UsePAM no
KbdInteractiveAuthentication no
MaxAuthTries 3
PidFile none
PrintMotd no
MaxStartups 60
LoginGraceTime 20
"""
    )
    mounts = " && ".join(f"mount --bind {folder}/{name} /etc/{name}" for name in lines)
    script = (
        f"{mounts} && mount -t tmpfs none /run && mkdir -m 755 /run/sshd"
        f" && exec /usr/sbin/sshd -D -q -f {folder}/sshd_config"
    )
    bed.spawn(host, ["unshare", "--mount", "--propagation", "private", "sh", "-c", script])
    return Credentials(
        key=folder / "user_key",
        askpass=_askpass(folder / "askpass", word),
        mistyped=_askpass(folder / "mistyped", word[:-1]),
    )


def start_names(bed: Network, host: str, address: str) -> None:
    """A DNS server on UDP port 53."""
    bed.spawn(host, [sys.executable, "-m", "scripts.lab.dns", address, "53"])


def start_bulk(bed: Network, host: str, address: str) -> None:
    """An iperf3 server on port 5201."""
    bed.spawn(host, ["iperf3", "-s", "-B", address])
