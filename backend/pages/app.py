"""The pages as one application beside the API: routes, files, errors, and the browser's limits."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.client.errors import ChainError

from ..domain.errors import DomainError, Missing
from ..http.context import Services
from ..http.problems import Problem, from_chain
from .cover import router as cover
from .home import router as home
from .incidents import router as incidents
from .insurer import router as insurer
from .ledger import router as ledger
from .platform import router as platform
from .platform_forms import router as platform_forms
from .proof import router as proof
from .referrals import router as referrals
from .sessions import Sessions, SignInNeeded, Viewer
from .show import FOLDER, Templates, page
from .sign_in import router as sign_in
from .statements import router as statements

ROUTERS = (
    home, sign_in, insurer, referrals, cover, platform, platform_forms, proof, incidents, ledger,
    statements,
)  # fmt: skip
NODE_MODULES = Path(__file__).resolve().parents[2] / "node_modules"
LIBRARIES = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "uplot.js": "uplot/dist/uPlot.iife.min.js",
    "uplot.css": "uplot/dist/uPlot.min.css",
    "secp256k1.js": "@noble/secp256k1/index.js",
    "sha3.js": "@noble/hashes/sha3.js",
    "utils.js": "@noble/hashes/utils.js",
    "_u64.js": "@noble/hashes/_u64.js",
}
"""Name in the browser → file of an npm package, as the package has it."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Guarded:
    """Middleware: headers that keep foreign scripts, frames and caches away from every page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_file = "/static/" in scope["path"] or "/lib/" in scope["path"]

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-cache" if is_file else "no-store")
            await send(message)

        await self._app(scope, receive, guarded)


def create_pages(at: Services) -> FastAPI:
    """The application to mount under `/app`."""
    app = FastAPI(openapi_url=None)
    app.state.services = at
    app.state.sessions = Sessions(at)
    app.state.templates = Templates()
    app.state.reads, app.state.evidence, app.state.advice = at.reads, at.evidence, at.advice
    app.add_middleware(Guarded)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"))

    @app.get("/lib/{name}")
    def get_library(name: str) -> Response:
        path = NODE_MODULES / LIBRARIES.get(name, "")
        if not path.is_file():
            raise HTTPException(404, "run `make setup`: the pages' libraries come from npm")
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        return FileResponse(path, media_type=kind)

    _install_errors(app)
    return app


def _install_errors(app: FastAPI) -> None:
    def failed(request: Request, problem: Problem) -> Response:
        state = request.app.state
        name = state.sessions.name(request)
        who = state.sessions.open(request.cookies.get(name)) or Viewer("nobody", "")
        return page(request, who, "error.html", problem.status, problem=problem)

    @app.exception_handler(SignInNeeded)
    async def on_stranger(request: Request, _: SignInNeeded) -> Response:
        root = request.scope["root_path"]
        if request.headers.get("hx-request"):
            return Response(status_code=401, headers={"HX-Redirect": f"{root}/sign-in"})
        wanted = request.url.path
        return RedirectResponse(f"{root}/sign-in?next={wanted}", 303)

    @app.exception_handler(Problem)
    async def on_problem(request: Request, error: Problem) -> Response:
        return failed(request, error)

    @app.exception_handler(ChainError)
    async def on_chain(request: Request, error: ChainError) -> Response:
        return failed(request, from_chain(error))

    @app.exception_handler(DomainError)
    async def on_domain(request: Request, error: DomainError) -> Response:
        kind = "not-found" if isinstance(error, Missing) else "conflict"
        return failed(request, Problem(kind, str(error)))

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        kind = {404: "not-found", 405: "method-not-allowed"}.get(
            error.status_code, "invalid-request"
        )
        return failed(request, Problem(kind, str(error.detail)))

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> Response:
        wrong = "; ".join(f"{e['loc'][-1]}: {e['msg']}" for e in error.errors())
        return failed(request, Problem("invalid-request", wrong))

    @app.exception_handler(Exception)
    async def on_anything(request: Request, error: Exception) -> Response:
        return failed(request, Problem("internal", type(error).__name__))
