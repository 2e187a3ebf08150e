"""One frozen Config, read once by `app/` from `volano.toml` and `VOLANO_*`; nothing else reads
the environment. Each setting is described in docs/reference/settings.md, which a test compares.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings of one process.

    `data_dir` holds everything that must survive. `store` is `sqlite` or a `postgresql://` URL;
    `root_key` says where the key lies that wraps all others: `file` (root.key in the data folder),
    `file:PATH`, `env:VARIABLE` or `command:PROGRAM ARGS`;
    `bytes_url` is `disk` or `s3://bucket/prefix?endpoint=…`. `external_url`, of the same form, is
    where objects of the storage class EXTERNAL lie, with an access key of that store. `listen` is
    the address for both ports. `public_host` is the host name written into links and snippets.
    `test_mode` opens what conformance suites need and is refused unless `listen` is a loopback
    address. `egress_allow` names addresses and networks (`10.0.0.0/8`) that URLs of tenants
    (webhooks, other stores) may point to besides public ones. `trusted_proxies` names addresses and
    networks of proxies whose word on a caller's address and scheme is taken, in `proxy_header`
    (`x-forwarded-for`, with `x-forwarded-proto`, or `forwarded`); from others it is not. `smtp_url`
    names the mail server, `smtp://user:password@host:587` (STARTTLS where offered) or `smtps://…`;
    `smtp_from` the sender. `web_search_url` is the address of a search engine that speaks SearXNG's
    JSON form, for the tool `web_search` of responses. `model_device` is where models compute:
    `auto` (an NVIDIA card where there is one with PyTorch for it), `cpu`, `cuda`, or `cuda:1` for
    another card than the first. `slack_rates` is `generous`, or `strict` for
    Slack's own rate limits. `vector_graph_from` is how many vectors a vector store has before a
    graph is built to search them (with the `vectors` extra; not on PostgreSQL with pgvector).
    `nats_url` names the NATS servers, `nats://user:password@host:4222` or `tls://…`, several with
    commas, that carry signals between processes on one PostgreSQL; without it PostgreSQL does.
    """

    data_dir: Path
    listen: str = "127.0.0.1"
    port: int = 8080
    aws_port: int = 9000
    public_host: str = "localhost"
    region: str = "eu-home-1"
    zones: int = 3
    store: str = "sqlite"
    root_key: str = "file"
    bytes_url: str = "disk"
    external_url: str = ""
    external_access_key_id: str = ""
    external_secret_access_key: str = field(default="", repr=False)
    runtime: str = "auto"
    http: str = "own"
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    log_level: str = "info"
    log_json: bool = False
    price_list: Path | None = None
    model_mirror: str = ""
    model_device: str = "auto"
    test_mode: bool = False
    test_file: Path | None = None
    lifecycle_day_s: float = 86_400.0
    slack_rates: str = "generous"
    egress_allow: tuple[str, ...] = field(default_factory=tuple)
    extra_hosts: tuple[str, ...] = field(default_factory=tuple)
    trusted_proxies: tuple[str, ...] = field(default_factory=tuple)
    proxy_header: str = "x-forwarded-for"
    smtp_url: str = field(default="", repr=False)
    smtp_from: str = "volano@localhost"
    web_search_url: str = ""
    vector_graph_from: int = 300_000
    nats_url: str = field(default="", repr=False)

    @property
    def console_url(self) -> str:
        return f"{self._scheme}://{self.public_host}:{self.port}"

    @property
    def aws_url(self) -> str:
        return f"{self._scheme}://{self.public_host}:{self.aws_port}"

    @property
    def _scheme(self) -> str:
        return "https" if self.tls_certificate else "http"
