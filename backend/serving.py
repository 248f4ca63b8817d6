"""Several worker processes behind one port.

uvicorn binds the port of several workers in a way that leaves Nagle's algorithm on, so that each
answer waits for the client's delayed acknowledgement, 40 ms. The listening socket hands the option
to the connections that it accepts.
"""

from __future__ import annotations

import socket

import uvicorn
from uvicorn.supervisors import Multiprocess


def run_workers(application: str, host: str, port: int, workers: int, factory: bool) -> None:
    """Serves until SIGTERM.

    :param application: module:name of the ASGI application, or of the function that makes it
    """
    config = uvicorn.Config(
        application,
        factory=factory,
        workers=workers,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
    )
    listening = config.bind_socket()
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    Multiprocess(config, [listening]).run()
