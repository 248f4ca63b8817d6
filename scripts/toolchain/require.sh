#!/usr/bin/env bash
# Says in one line each what is missing before anything is installed; exit code 1 if so.
set -u
missing=0
say() { echo "flowcover needs $1" >&2; missing=1; }
command -v python3 >/dev/null || say "Python 3.11 or newer: no python3 on PATH"
if command -v python3 >/dev/null; then
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    say "Python 3.11 or newer: found $(python3 -c 'import platform; print(platform.python_version())')"
  python3 -c 'import venv, ensurepip' 2>/dev/null || say "Python's venv module: install python3-venv"
fi
command -v npm >/dev/null || say "npm (comes with Node.js 20 or newer)"
if command -v node >/dev/null; then
  [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] ||
    say "Node.js 20 or newer: found $(node --version)"
else
  say "Node.js 20 or newer: no node on PATH"
fi
exit $missing
