"""`volano aws SERVICE OPERATION [JSON]`: any AWS operation without an AWS client.

Names and members are boto3's: `volano aws s3 GetBucketVersioning '{"Bucket": "reports"}'`. Input
may come from standard input (`-`). Operations that move a stream of bytes need an AWS client.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

from volano.cli.settings import add_config_arguments, client_of
from volano.kernel.errors import Invalid

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service", help="as boto3 names it: s3, iam, kms, sqs …")
    parser.add_argument("operation", help="as boto3's models name it: GetBucketVersioning")
    parser.add_argument("input", nargs="?", default="{}", help="JSON, or - for standard input")
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    text = sys.stdin.read() if args.input == "-" else args.input
    try:
        given = json.loads(text)
    except ValueError as error:
        raise Invalid(f"The input is not JSON: {error}.") from error
    path = f"/aws/{quote(args.service, safe='')}/{quote(args.operation, safe='')}"
    answer = client_of(args).post(path, {"input": given})
    print(json.dumps(answer["output"], indent=2))
    return 0
