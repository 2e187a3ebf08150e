"""`volano up`: start the cloud in the foreground."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from volano.app.settings import DEFAULT_FILE, unknown_variables
from volano.cli.settings import add_config_arguments, config_of

if TYPE_CHECKING:
    import argparse

    from volano.app.build import Process
    from volano.app.start import Started

SNIPPETS = """
Use it with the clients you have, or `pip install awscli boto3 openai slack_sdk` (the keys are shown
this once; `volano keys` makes more; boto3 takes those of aws-cli):

  aws-cli    export AWS_ENDPOINT_URL={AWS_ENDPOINT_URL}
             export AWS_ACCESS_KEY_ID={AWS_ACCESS_KEY_ID}
             export AWS_SECRET_ACCESS_KEY={AWS_SECRET_ACCESS_KEY}
             export AWS_DEFAULT_REGION={AWS_DEFAULT_REGION}
             aws s3 mb s3://hello && aws s3 ls

  boto3      python3 -c 'import boto3; s3 = boto3.client("s3"); s3.create_bucket(Bucket="world",
             CreateBucketConfiguration={{"LocationConstraint": "{AWS_DEFAULT_REGION}"}}); print([
             b["Name"] for b in s3.list_buckets()["Buckets"]])'

  openai     export OPENAI_BASE_URL={OPENAI_BASE_URL}
             export OPENAI_API_KEY={OPENAI_API_KEY}
             python3 -c 'import openai; print([m.id for m in openai.OpenAI().models.list()])'

  slack_sdk  export SLACK_API_URL={SLACK_API_URL}
             export SLACK_USER_TOKEN={SLACK_USER_TOKEN}
             python3 -c 'import os, slack_sdk; c = slack_sdk.WebClient(
             os.environ["SLACK_USER_TOKEN"], base_url=os.environ["SLACK_API_URL"]); print(
             c.chat_postMessage(channel="#general", text="hello")["ok"])'

The same variables are in {admin_env} (only you can read it): `volano tour` uses them.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_arguments(parser)
    parser.add_argument("--port", type=int, help="console, OpenAI, Slack and REST (8080)")
    parser.add_argument("--aws-port", type=int, help="every AWS service (9000)")
    parser.add_argument("--zones", type=int, help="zones of this region, 1 to 6 (3)")
    parser.add_argument("--store", help="sqlite, or postgresql://user@host/database")
    parser.add_argument("--listen", help="address to listen on (127.0.0.1)")


def run(args: argparse.Namespace) -> int:
    config = config_of(
        args,
        port=args.port,
        aws_port=args.aws_port,
        zones=args.zones,
        store=args.store,
        listen=args.listen,
    )
    _tell_settings(args)
    if config.store != "sqlite":
        from volano.cli.enable import ensure_extra  # noqa: PLC0415 - only for many machines

        ensure_extra("scale", config.data_dir)
    from volano.app.run import run_forever  # noqa: PLC0415 - `--help` stays fast

    run_forever(config, _print_ready)
    print("stopped")
    return 0


def _tell_settings(args: argparse.Namespace) -> None:
    """Say which file settings came from, and which variables look like settings but are none."""
    if args.config is None and DEFAULT_FILE.is_file():
        print(f"Settings are read from {DEFAULT_FILE.absolute()}.")
    for name, near in unknown_variables():
        hint = f"; did you mean {near}?" if near else ""
        print(f"volano: {name} is not a setting{hint}", file=sys.stderr)


def _print_ready(process: Process, started: Started) -> None:
    config = process.env.config
    if started.first:
        print(f"Made account {started.account} with administrator `admin`.")
        print(SNIPPETS.format(admin_env=config.data_dir / "admin.env", **started.credentials))
    print(f"Volano is ready: region {config.region}, {config.zones} zones, account ", end="")
    print(f"{started.account}\n  console  {started.login_url}  (opens once, within the hour)")
    print(f"  AWS      {config.aws_url}\n  OpenAI   {config.console_url}/v1")
    print(f"  Slack    {config.console_url}/api/\nCtrl-C stops it.")
    sys.stdout.flush()
