"""A bucket behind the S3 protocol: read, write and list, each request signed; changes when the
protocol is used for more.

Signature Version 4 as Amazon documents it ("Signature calculations for the Authorization header",
Amazon S3 API reference), path-style addresses, so that any compatible server answers.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import httpx

SECONDS = 30.0
EMPTY = hashlib.sha256(b"").hexdigest()
Now = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key; the secret is never shown."""

    key: str
    secret: str = field(repr=False)


def authorization(
    credentials: Credentials, region: str, method: str, path: str,
    query: Mapping[str, str], headers: Mapping[str, str],
) -> str:  # fmt: skip
    """The Authorization header of a request.

    :param path: as it is sent, percent-encoded
    :param headers: all that are signed, in lower case; with `x-amz-date` and `x-amz-content-sha256`
    """
    signed = ";".join(sorted(headers))
    canonical = "\n".join(
        (
            method,
            path,
            canonical_query(query),
            *(f"{name}:{headers[name].strip()}" for name in sorted(headers)),
            "",
            signed,
            headers["x-amz-content-sha256"],
        )
    )
    date = headers["x-amz-date"]
    scope = f"{date[:8]}/{region}/s3/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{credentials.secret}".encode()
    for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashed}"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    return (
        f"AWS4-HMAC-SHA256 Credential={credentials.key}/{scope},SignedHeaders={signed},"
        f"Signature={key.hex()}"
    )


def canonical_query(query: Mapping[str, str]) -> str:
    """Sorted and percent-encoded, as it is signed and sent."""
    pairs = sorted((quote(k, safe=""), quote(v, safe="")) for k, v in query.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


class Bucket:
    """Objects of a bucket under a prefix."""

    def __init__(
        self, endpoint: str, region: str, credentials: Credentials, bucket: str, prefix: str = "",
        now: Now = _now, transport: httpx.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        self._endpoint = endpoint.rstrip("/")
        self._host = urlsplit(self._endpoint).netloc
        self._base = urlsplit(self._endpoint).path
        self._region = region
        self._credentials = credentials
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._now = now
        self._client = httpx.Client(timeout=SECONDS, transport=transport)

    @classmethod
    def from_environment(cls, place: str, environment: Mapping[str, str]) -> Bucket:
        """The bucket of `bucket/prefix` with the settings FLOWCOVER_S3_ENDPOINT, _REGION,
        _ACCESS_KEY and _SECRET_KEY or _SECRET_KEY_FILE.

        :raises ValueError: one is missing
        """
        bucket, _, prefix = place.partition("/")

        def setting(name: str, default: str = "") -> str:
            value = environment.get(f"FLOWCOVER_S3_{name}", default)
            if not value:
                raise ValueError(f"an s3:// location needs FLOWCOVER_S3_{name}")
            return value

        file = environment.get("FLOWCOVER_S3_SECRET_KEY_FILE")
        secret = Path(file).read_text().strip() if file else setting("SECRET_KEY")
        credentials = Credentials(setting("ACCESS_KEY"), secret)
        region = setting("REGION", "us-east-1")
        if not bucket:
            raise ValueError("an s3:// location names a bucket")
        return cls(setting("ENDPOINT"), region, credentials, bucket, prefix)

    def read(self, name: str) -> bytes | None:
        """See objects.Objects."""
        answer = self._send("GET", name)
        return None if answer.status_code == 404 else self._good(answer).content

    def write(self, name: str, data: bytes) -> None:
        """See objects.Objects."""
        known = self._send("HEAD", name)
        self._good(self._send("PUT", name, data=data) if known.status_code == 404 else known)

    def names(self, prefix: str = "") -> Iterator[str]:
        """See objects.Objects; a thousand names a request."""
        wanted = {"list-type": "2", "prefix": self._prefix + prefix}
        while True:
            content = self._good(self._send("GET", None, query=wanted)).content
            try:
                page = ElementTree.fromstring(content)
            except ElementTree.ParseError as error:
                raise OSError(f"{self._endpoint} lists no objects: {error}") from error
            space = page.tag.partition("}")[0] + "}" if page.tag.startswith("{") else ""
            for key in page.iter(f"{space}Key"):
                yield (key.text or "").removeprefix(self._prefix)
            following = page.findtext(f"{space}NextContinuationToken")
            if not following:
                return
            wanted["continuation-token"] = following

    def _send(
        self, method: str, name: str | None, query: Mapping[str, str] | None = None,
        data: bytes = b"",
    ) -> httpx.Response:  # fmt: skip
        path = f"{self._base}/{quote(self._bucket, safe='')}"
        if name is not None:
            path += "/" + quote(self._prefix + name, safe="/")
        headers = {
            "host": self._host,
            "x-amz-content-sha256": hashlib.sha256(data).hexdigest() if data else EMPTY,
            "x-amz-date": self._now().strftime("%Y%m%dT%H%M%SZ"),
        }
        text = authorization(self._credentials, self._region, method, path, query or {}, headers)
        scheme = urlsplit(self._endpoint).scheme
        url = f"{scheme}://{self._host}{path}" + (f"?{canonical_query(query)}" if query else "")
        try:
            return self._client.request(
                method, url, headers=headers | {"Authorization": text}, content=data
            )
        except httpx.HTTPError as error:
            raise OSError(f"{self._endpoint} does not answer ({type(error).__name__})") from error

    def _good(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code // 100 != 2:
            raise OSError(f"{self._endpoint} answers {answer.status_code} for {self._bucket}")
        return answer
