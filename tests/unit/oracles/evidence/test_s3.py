"""A bucket as a place for evidence: signed as Amazon documents, objects read and listed."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote

import httpx
import pytest

from oracles.evidence.bundle import EvidenceError, EvidenceStore
from oracles.evidence.objects import Folder, objects_at, split_locations
from oracles.evidence.s3 import EMPTY, Bucket, Credentials, authorization

# Keys, requests and signatures of Amazon's own examples.
EXAMPLE = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
HEADERS = {
    "host": "examplebucket.s3.amazonaws.com",
    "x-amz-content-sha256": EMPTY,
    "x-amz-date": "20130524T000000Z",
}
KEYS = Credentials("key", "secret")
PAGE = 2


class Server(httpx.BaseTransport):
    """Buckets in memory; refuses a request whose signature does not fit what arrived."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.secret = KEYS.secret
        self.down = False
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("refused")
        body = request.read()
        self.asked.append(request.method)
        if not self._signed(request, body):
            return httpx.Response(403)
        name = unquote(request.url.raw_path.decode().partition("?")[0]).removeprefix("/shelf/")
        if request.method == "PUT":
            self.objects[name] = body
            return httpx.Response(200)
        if request.url.query:
            return self._list(dict(parse_qsl(request.url.query.decode())))
        found = self.objects.get(name)
        return httpx.Response(404) if found is None else httpx.Response(200, content=found)

    def _signed(self, request: httpx.Request, body: bytes) -> bool:
        names = ("host", "x-amz-content-sha256", "x-amz-date")
        headers = {name: request.headers[name] for name in names}
        path, _, text = request.url.raw_path.decode().partition("?")
        query = dict(parse_qsl(text))
        wanted = authorization(
            Credentials(KEYS.key, self.secret), "here", request.method, path, query, headers
        )
        hashed = hashlib.sha256(body).hexdigest()
        return request.headers["authorization"] == wanted and headers[names[1]] == hashed

    def _list(self, query: dict[str, str]) -> httpx.Response:
        names = sorted(name for name in self.objects if name.startswith(query["prefix"]))
        start = int(query.get("continuation-token", "0"))
        page = names[start : start + PAGE]
        more = f"<NextContinuationToken>{start + PAGE}</NextContinuationToken>"
        keys = "".join(f"<Contents><Key>{name}</Key></Contents>" for name in page)
        space = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
        rest = more if start + PAGE < len(names) else ""
        text = f"<ListBucketResult {space}>{keys}{rest}</ListBucketResult>"
        return httpx.Response(200, text=text)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def store(server: Server) -> EvidenceStore:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    return EvidenceStore(
        Bucket("http://there", "here", KEYS, "shelf", "member 1", lambda: moment, server)
    )


@pytest.mark.parametrize(
    ("path", "query", "extra", "signature"),
    [
        ("/test.txt", {}, {"range": "bytes=0-9"},
         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        ("/", {"lifecycle": ""}, {},
         "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("/", {"max-keys": "2", "prefix": "J"}, {},
         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)  # fmt: skip
def test_authorization__amazons_example__has_its_signature(
    path: str, query: dict[str, str], extra: dict[str, str], signature: str
) -> None:
    text = authorization(EXAMPLE, "us-east-1", "GET", path, query, HEADERS | extra)
    assert text.endswith(f"Signature={signature}")


def test_bucket__wrong_secret__is_told(server: Server, store: EvidenceStore) -> None:
    server.secret = "another"
    with pytest.raises(EvidenceError, match="answers 403"):
        store.put({"a": 1})


def test_bucket__out_of_reach__is_told(server: Server, store: EvidenceStore) -> None:
    server.down = True
    with pytest.raises(EvidenceError, match="does not answer"):
        store.raw(bytes(32))
    with pytest.raises(EvidenceError, match="does not answer"):
        list(store.names())


def test_bucket__object_altered__is_refused(server: Server, store: EvidenceStore) -> None:
    name = store.put({"a": 1})
    (key,) = server.objects
    server.objects[key] = b'{"a":2}'
    with pytest.raises(EvidenceError, match="another hash"):
        store.get(name)


def test_bucket__bundles_and_batches__are_kept_once_and_listed(
    server: Server, store: EvidenceStore
) -> None:
    names = {store.put({"number": number}) for number in range(5)}
    store.keep_batch(b"\x07" * 32, {"payload": "x"})
    assert set(store.names()) == names
    assert list(store.batch_names()) == [b"\x07" * 32]
    assert store.batch(b"\x07" * 32) == {"payload": "x"}
    assert all(key.startswith("member 1/") for key in server.objects)
    server.asked.clear()
    store.put({"number": 0})
    assert server.asked == ["HEAD"]


def test_bucket__nothing_under_a_name__is_missing(store: EvidenceStore) -> None:
    with pytest.raises(EvidenceError, match="not in this store"):
        store.raw(bytes(32))


def test_location__bucket_without_settings__says_which() -> None:
    with pytest.raises(ValueError, match="FLOWCOVER_S3_ACCESS_KEY"):
        Bucket.from_environment("shelf/member-1", {"FLOWCOVER_S3_SECRET_KEY": "x"})


def test_location__path__is_a_folder() -> None:
    assert isinstance(objects_at("some/folder"), Folder)


def test_locations__folders_and_buckets__are_told_apart() -> None:
    assert split_locations("a:s3://shelf/b:/c:") == ["a", "s3://shelf/b", "/c"]
