"""The application: its services, its endpoints, and its jobs while it lives."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from opentelemetry.trace import TracerProvider
from starlette.responses import RedirectResponse

from contracts.client.system import Deployment

from . import __version__
from .applicants.api import router as applicants
from .assessments.api import router as assessments
from .audit_rows.api import router as audit_rows
from .certificates.api import SHORTCUT as COVER
from .certificates.api import router as certificates
from .chain.breaker import Breaker
from .chain.contracts import Contracts
from .chain.faults import Faults
from .chain.keys import Keyring
from .chain.node import Node, Web3Node
from .chain.remote_signer import RemoteSigner
from .claims.api import router as claims
from .committee.api import router as committee
from .disputes.api import router as disputes
from .events.api import router as events
from .facility.api import router as facility
from .http import problems
from .http.context import RequestContext, Services
from .http.limits import Limits
from .http.openapi import document, operation_id
from .http.problem_pages import router as problem_pages
from .http.shortcuts import Shortcuts
from .http.writes import JSON, Replayed
from .incidents.api import router as incidents
from .jobs.scheduler import Jobs
from .market import ChainMarket, Market
from .observability.api import router as observability
from .observability.logs import configure
from .observability.traces import Traced, TracesMissing, exporting
from .onboarding.api import router as onboarding
from .pages.app import create_pages
from .platforms.api import router as platforms
from .policies.api import router as policies
from .pools.api import router as pools
from .products.api import router as products
from .quotes.api import SHORTCUT as QUOTE
from .quotes.api import router as quotes
from .sandbox.api import router as sandbox
from .sandbox.committee import ChainSandbox
from .settings import Settings, SettingsError, load
from .storage.database import Database
from .templates.api import router as templates
from .transactions.api import router as transactions
from .wallets.api import router as wallets
from .webhooks.api import router as webhooks

V1 = (
    platforms, facility, applicants, onboarding, assessments, disputes, products, pools, quotes,
    policies, certificates, committee, incidents, claims, events, transactions, webhooks, sandbox,
    templates, audit_rows, wallets,
)  # fmt: skip

SHORTCUTS = (QUOTE, COVER)

PAGES = "/app"
"""Where the pages are."""


def create_services(
    settings: Settings, node: Node | None = None, market: Market | None = None
) -> Services:
    """The services that the settings describe; node and market can be given by tests."""
    database = Database(settings.database_url)
    deployment = Deployment.read(settings.deployment)
    contracts = Contracts(node or _node(settings), deployment)
    staged = None
    if settings.sandbox is not None:
        if settings.mode == "live":
            raise SettingsError("FLOWCOVER_SANDBOX is for test deployments alone")
        staged = ChainSandbox(settings.rpc_url, settings.rpc_timeout, deployment, settings.sandbox)
    keyring = _keyring(settings)
    if settings.hold_address is not None and keyring.signer(settings.hold_address) is None:
        raise SettingsError("nobody signs for FLOWCOVER_HOLD_ADDRESS: its key is missing")
    return Services(
        settings=settings,
        database=database,
        contracts=contracts,
        market=market or ChainMarket(database, contracts, time.time),
        keyring=keyring,
        faults=Faults.from_environment(),
        sandbox=staged,
        limits=Limits(settings.rate_limit, 2 * settings.rate_limit),
        traces=_traces(settings),
    )


def _keyring(settings: Settings) -> Keyring:
    """Keys from settings and files, and those of an external signer."""
    operator: str | RemoteSigner = settings.operator_key
    remote: list[RemoteSigner] = []
    if settings.signer_url is not None:
        addresses = [part.strip() for part in settings.signer_wallets.split(",") if part.strip()]
        remote = [RemoteSigner(settings.signer_url, address) for address in addresses]
        if settings.operator_address is not None:
            operator = RemoteSigner(settings.signer_url, settings.operator_address)
    return Keyring.load(settings.underwriter_key, operator, settings.wallets_dir, remote)


def _traces(settings: Settings) -> TracerProvider | None:
    """
    :raises SettingsError: traces are wanted, and what sends them is not installed
    """
    if settings.traces_url is None:
        return None
    try:
        return exporting(settings.traces_url)
    except TracesMissing as error:
        raise SettingsError(str(error)) from error


def _node(settings: Settings) -> Node:
    return Breaker(Web3Node(settings.rpc_url, settings.rpc_timeout), settings.node_pause)


def create_app(settings: Settings, services: Services | None = None) -> FastAPI:
    """The ASGI application; while it runs, the jobs run unless the settings say off."""
    at = services or create_services(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        _calm_the_collector()
        jobs = Jobs(at)
        if settings.jobs:
            jobs.start()
        yield
        jobs.stop()
        at.database.close()

    app = _application(lifespan)
    app.state.services = at
    if at.traces is not None:
        app.add_middleware(Traced, provider=at.traces)
    app.mount(PAGES, create_pages(at))

    @app.get("/", include_in_schema=False)
    def get_root() -> Response:
        return RedirectResponse(f"{PAGES}/")

    return app


def _calm_the_collector() -> None:
    """What was made at the start stays: the collector need not look at it in each full pass."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def from_environment() -> FastAPI:
    """The application of one worker process, from the environment's settings."""
    settings = load(os.environ)
    configure(settings.log_level)
    return create_app(settings)


def offline_document() -> dict[str, Any]:
    """The OpenAPI document, without settings, database or node."""
    return document(_application(None))


def _application(
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None,
) -> FastAPI:
    app = FastAPI(
        title="flowcover",
        version=__version__,
        summary="Parametric cyber cover on a blockchain",
        description=(
            "Money is text of token units, rates are text of 1e18 fixed point per year, times are "
            "chain seconds. Errors are problem documents (RFC 9457). See docs/api.md."
        ),
        lifespan=lifespan,
        generate_unique_id_function=operation_id,
    )
    app.openapi = lambda: document(app)  # type: ignore[method-assign]
    problems.install(app)

    @app.exception_handler(Replayed)
    async def on_replay(_: Request, answer: Replayed) -> Response:
        headers = {"Idempotent-Replayed": "true"}
        return Response(answer.body, answer.status, headers, media_type=JSON)

    app.add_middleware(Shortcuts, shortcuts=SHORTCUTS, handlers=problems.handlers_of(app))
    app.add_middleware(RequestContext)
    api = APIRouter(prefix="/v1")
    for router in V1:
        api.include_router(router)
    app.include_router(api)
    app.include_router(problem_pages)
    app.include_router(observability)
    return app
