"""Servers of the test networks, each in the foreground, with all its files in the run's folder.

Shell and file accounts exist only inside a mount namespace of their server, in a copy of the
machine's settings; passwords and keys are made for one run and die with its folder.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.lab.netns import LabError, Network, Process

ACCOUNT = "courier"
ACCOUNT_UID = 64_123
PAGES = 24
BULK_BYTES = 360_000
DATABASE_PROGRAMS = Path("/usr/lib/postgresql/15/bin")


@dataclass(frozen=True)
class Credentials:
    """One account of one run: ``key`` (file) and ``word`` open it, ``askpass`` and ``mistyped`` are
    programs that answer OpenSSH's question for a password, the second one wrongly."""

    folder: Path
    key: Path
    word: str
    askpass: Path
    mistyped: Path


def _askpass(path: Path, word: str) -> Path:
    path.write_text(f"#!/bin/sh\necho '{word}'\n")
    path.chmod(0o700)
    return path


def make_credentials(folder: Path) -> Credentials:
    """Keys, a password and account files for one run."""
    word = secrets.token_hex(8)
    home = folder / "home"
    home.mkdir()
    os.chown(home, ACCOUNT_UID, ACCOUNT_UID)
    for name in ("host_key", "user_key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(folder / name)],
            check=True,
            stdin=subprocess.DEVNULL,
        )
    shutil.copy(folder / "user_key.pub", folder / "authorized")
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"],
        input=word,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    settings = folder / "etc"
    subprocess.run(["cp", "-a", "/etc", str(settings)], check=True)
    lines = {
        "passwd": f"{ACCOUNT}:x:{ACCOUNT_UID}:{ACCOUNT_UID}::{home}:/bin/sh\n",
        "shadow": f"{ACCOUNT}:{hashed}:19000:0:99999:7:::\n",
        "group": f"{ACCOUNT}:x:{ACCOUNT_UID}:\n",
    }
    for name, line in lines.items():
        with (settings / name).open("a") as file:
            file.write(line)
    return Credentials(
        folder=folder,
        key=folder / "user_key",
        word=word,
        askpass=_askpass(folder / "askpass", word),
        mistyped=_askpass(folder / "mistyped", word[:-1]),
    )


def _with_account(bed: Network, host: str, credentials: Credentials, command: str) -> None:
    """Start a server that sees the run's account; /run is its own too.

    The whole folder of settings is covered: a mount over the account files alone is gone as soon as
    the machine replaces one of them.
    """
    accounts = f"mount --bind {credentials.folder}/etc /etc"
    run = "mount -t tmpfs none /run && mkdir -m 755 -p /run/sshd /run/vsftpd/empty"
    script = f"{accounts} && {run} && exec {command}"
    bed.spawn(host, ["unshare", "--mount", "--propagation", "private", "sh", "-c", script])


def _page_bytes(number: int) -> int:
    """Sizes of a small site: most pages a few kB, some images of tens of kB."""
    return 900 + number * number * 75


def _text(size: int) -> bytes:
    """Content that packs well where a capture keeps its first bytes."""
    return (b"flowcover " * (size // 10 + 1))[:size]


def make_site(folder: Path) -> Path:
    """A short front page, pages of varying size and one bulk file."""
    root = folder / "www"
    root.mkdir()
    (root / "index.html").write_text("<!doctype html><title>service</title><p>up</p>\n")
    for number in range(PAGES):
        (root / f"page{number}").write_bytes(_text(_page_bytes(number)))
    (root / "bulk").write_bytes(_text(BULK_BYTES))
    return root


def start_web(
    bed: Network, host: str, address: str, folder: Path, root: Path, behind: str | None = None
) -> Process:
    """nginx on port 80 of an address, or of all for ``*``.

    ``/upload`` takes a body of any size and forgets it. With ``behind`` the pages are fetched from
    the web server at that address each time, so that the service is lost with it.
    """
    content = f"location / {{ proxy_pass http://{behind}; }}" if behind else ""
    settings = folder / f"nginx-{host}.conf"
    settings.write_text(
        f"""daemon off; worker_processes 1; user root; pid {folder}/nginx-{host}.pid;
error_log /dev/null;
events {{ worker_connections 2048; }}
http {{
  access_log off; default_type text/html; keepalive_timeout 5; client_max_body_size 0;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen {address}:80 backlog=511; root {root};
    location /upload {{ return 200; }}
    {content}
  }}
}}
"""
    )
    return bed.spawn(host, ["nginx", "-e", "/dev/null", "-p", str(folder), "-c", str(settings)])


def start_ssh(bed: Network, host: str, address: str, credentials: Credentials) -> None:
    """sshd on port 22 with the run's account."""
    folder = credentials.folder
    settings = folder / f"sshd-{host}.conf"
    settings.write_text(
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
    _with_account(bed, host, credentials, f"/usr/sbin/sshd -D -q -f {settings}")


def start_files(bed: Network, host: str, address: str, credentials: Credentials) -> None:
    """vsftpd on port 21 with the run's account and one file."""
    (credentials.folder / "home" / "report").write_bytes(_text(BULK_BYTES))
    settings = credentials.folder / f"vsftpd-{host}.conf"
    settings.write_text(
        f"""listen=YES
listen_address={address}
background=NO
local_enable=YES
anonymous_enable=NO
seccomp_sandbox=NO
pam_service_name=vsftpd
max_per_ip=0
"""
    )
    _with_account(bed, host, credentials, f"vsftpd {settings}")


def start_mail(bed: Network, host: str, address: str, credentials: Credentials) -> None:
    """dovecot: IMAP on port 143 and POP3 on port 110, any user with the run's password; it does not
    slow down who guesses, so that guesses come at the rate that a recording asks for."""
    folder = credentials.folder / f"dovecot-{host}"
    mails = folder / "mail"
    for box in ("new", "cur", "tmp"):
        (mails / box).mkdir(parents=True)
    for number in range(12):
        text = f"From: a@example.net\nSubject: {number}\n\n".encode() + _text(1500 * number)
        (mails / "new" / f"{number}.lab").write_bytes(text)
    for path in (mails, *mails.rglob("*")):
        os.chown(path, ACCOUNT_UID, ACCOUNT_UID)
    settings = folder / "dovecot.conf"
    settings.write_text(
        f"""base_dir = {folder}/run
state_dir = {folder}/state
listen = {address}
protocols = imap pop3
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 1 secs
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
log_path = /dev/null
first_valid_uid = 1000
mail_location = maildir:{mails}
passdb {{
  driver = static
  args = password={credentials.word}
}}
userdb {{
  driver = static
  args = uid={ACCOUNT_UID} gid={ACCOUNT_UID} home={folder}
}}
"""
    )
    bed.spawn(host, ["dovecot", "-F", "-c", str(settings)])


def start_balancer(
    bed: Network, host: str, address: str, folder: Path, backends: Sequence[str]
) -> None:
    """haproxy on port 80 before web servers, each request to the next one over kept connections."""
    servers = "\n".join(f"  server app{n} {backend}:80" for n, backend in enumerate(backends))
    settings = folder / f"haproxy-{host}.cfg"
    settings.write_text(
        f"""global
  maxconn 2000
defaults
  mode http
  timeout connect 3s
  timeout client 10s
  timeout server 10s
frontend front
  bind {address}:80
  default_backend apps
backend apps
  balance roundrobin
  http-reuse always
{servers}
"""
    )
    bed.spawn(host, ["haproxy", "-q", "-db", "-f", str(settings)])


def start_broker(bed: Network, host: str, address: str, folder: Path) -> None:
    """mosquitto on port 1883 for anyone."""
    settings = folder / f"mosquitto-{host}.conf"
    settings.write_text(f"listener 1883 {address}\nallow_anonymous true\nlog_dest none\n")
    bed.spawn(host, ["mosquitto", "-c", str(settings)])


def start_database(bed: Network, host: str, address: str, folder: Path, word: str) -> None:
    """PostgreSQL on port 5432: ``clerk`` works without a password, ``admin`` needs ``word``."""
    data = folder / f"database-{host}"
    data.mkdir()
    shutil.chown(data, "postgres", "postgres")
    become = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
    subprocess.run(
        [
            *(*become, str(DATABASE_PROGRAMS / "initdb"), "-D", str(data), "-N", "-A", "trust"),
            *("-U", "postgres", "--no-instructions"),
        ],
        check=True,
        capture_output=True,
        cwd="/",
    )
    (data / "pg_hba.conf").write_text(
        "host all postgres 127.0.0.1/32 trust\n"
        "host office clerk 10.0.0.0/8 trust\n"
        "host all admin 10.0.0.0/8 scram-sha-256\n"
    )
    bed.spawn(
        host,
        [
            *(*become, str(DATABASE_PROGRAMS / "postgres"), "-D", str(data)),
            *("-c", f"listen_addresses={address},127.0.0.1", "-c", "unix_socket_directories="),
            *("-c", "fsync=off", "-c", "logging_collector=off"),
        ],
        cwd=Path("/"),
    )
    bed.wait_for_port(host, "127.0.0.1", 5432, patience=20)
    statements = (
        "create role clerk login",
        f"create role admin login password '{word}'",
        "create database office",
    )
    filling = (
        "create table orders as select n, repeat('order ', 20) as note"
        " from generate_series(1, 60000) n",
        "grant all on orders to clerk",
    )
    for base, texts in (("postgres", statements), ("office", filling)):
        argv = ["psql", "-X", "-q", f"host=127.0.0.1 user=postgres dbname={base}"]
        for text in texts:
            argv += ["-c", text]
        if bed.spawn(host, argv, seconds=20).handle.wait():
            raise LabError("the database could not be filled")


def start_names(bed: Network, host: str, address: str) -> None:
    """A DNS server on UDP port 53; ``nice`` lets it answer on a busy machine."""
    dns = (sys.executable, "-m", "scripts.lab.dns", "serve", address)
    bed.spawn(host, ["nice", "-n", "-15", *dns])


def start_bulk(bed: Network, host: str, address: str) -> None:
    """An iperf3 server on port 5201."""
    bed.spawn(host, ["iperf3", "-s", "-B", address])


def settle(seconds: float = 1.0) -> None:
    """Give servers that answer no TCP port time to start."""
    time.sleep(seconds)
