"""Programs that people already have: s3cmd, rclone, restic, pyarrow, DuckDB, Iceberg, obstore."""

from __future__ import annotations

import os
import subprocess
import urllib.request
import uuid
from datetime import timedelta
from pathlib import Path

import duckdb
import duckdb_extension_httpfs
import obstore
import pyarrow as pa
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet
import pytest
from obstore.store import S3Store
from pyiceberg.catalog.sql import SqlCatalog

MIB = 1024 * 1024


@pytest.fixture
def volano(volano_sqlite):
    """Which database it is makes no difference to these."""
    return volano_sqlite


@pytest.fixture
def bucket(volano):
    name = f"c{uuid.uuid4().hex[:16]}"
    where = {"LocationConstraint": volano.credentials["AWS_DEFAULT_REGION"]}
    volano.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)
    return name


def begin_upload(volano, bucket: str) -> str:
    """An upload with one part, left as a client that died leaves it; returns its id."""
    s3 = volano.client("s3")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="unfinished")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="unfinished", UploadId=upload, PartNumber=1, Body=b"part")
    return upload


@pytest.fixture
def run(volano, tmp_path):
    """Runs a program with the administrator's keys and an empty home folder."""
    environment = {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "AWS_ACCESS_KEY_ID": volano.credentials["AWS_ACCESS_KEY_ID"],
        "AWS_SECRET_ACCESS_KEY": volano.credentials["AWS_SECRET_ACCESS_KEY"],
        "AWS_DEFAULT_REGION": volano.credentials["AWS_DEFAULT_REGION"],
    }

    def start(*command: object, **variables: str) -> str:
        done = subprocess.run(
            [str(part) for part in command],
            env=environment | variables,
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            timeout=120,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return start


def make_files(folder: Path) -> dict[str, bytes]:
    """A small tree: text, names that need quoting, one file of several parts."""
    files = {
        "a.txt": b"a",
        "empty": b"",
        "deep/er/b.bin": os.urandom(70_000),
        "names/with space + plus & ampersand.txt": b"quoted",
        "names/größe-目录.txt": b"unicode",
        "big.bin": os.urandom(17 * MIB),
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return files


def read_files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def s3cmd_of(volano, bucket: str) -> tuple[str, ...]:
    """s3cmd with its options; access lists count in the bucket, for this s3cmd copies them too."""
    with_lists = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    volano.client("s3").put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=with_lists)
    host = volano.aws_url.removeprefix("http://")
    region = volano.credentials["AWS_DEFAULT_REGION"]
    key, secret = (volano.credentials[f"AWS_{n}"] for n in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))
    return (
        "s3cmd", f"--host={host}", f"--host-bucket={host}", "--no-ssl", f"--region={region}",
        f"--access_key={key}", f"--secret_key={secret}", "--multipart-chunk-size-mb=5", "--no-progress",
    )  # fmt: skip


def test_s3cmd_syncs_lists_copies_and_removes(volano, bucket, run, tmp_path):
    files = make_files(tmp_path / "up")
    s3cmd = s3cmd_of(volano, bucket)
    run(*s3cmd, "sync", f"{tmp_path}/up/", f"s3://{bucket}/tree/")
    assert len(run(*s3cmd, "ls", "--recursive", f"s3://{bucket}/").splitlines()) == len(files)
    run(*s3cmd, "cp", f"s3://{bucket}/tree/big.bin", f"s3://{bucket}/copy.bin")
    run(*s3cmd, "sync", f"s3://{bucket}/tree/", f"{tmp_path}/down/")
    assert read_files(tmp_path / "down") == files
    assert "upload:" not in run(*s3cmd, "sync", f"{tmp_path}/up/", f"s3://{bucket}/tree/")
    run(*s3cmd, "setacl", "--acl-private", f"s3://{bucket}/copy.bin")
    run(*s3cmd, "del", "--recursive", "--force", f"s3://{bucket}/")
    run(*s3cmd, "rb", f"s3://{bucket}")


def test_s3cmd_changes_settings_and_ends_uploads(volano, bucket, run, tmp_path):
    s3cmd = s3cmd_of(volano, bucket)
    s3 = volano.client("s3")
    (tmp_path / "policy.json").write_text(
        f'{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Principal":"*",'
        f'"Action":"s3:DeleteBucket","Resource":"arn:aws:s3:::{bucket}"}}]}}'
    )
    run(*s3cmd, "setpolicy", "policy.json", f"s3://{bucket}")
    (tmp_path / "cors.xml").write_text(
        "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod>"
        "<AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>"
    )
    run(*s3cmd, "setcors", "cors.xml", f"s3://{bucket}")
    run(*s3cmd, "expire", "--expiry-days=3", "--expiry-prefix=logs/", f"s3://{bucket}")
    told = run(*s3cmd, "info", f"s3://{bucket}")
    assert "s3:DeleteBucket" in told
    assert "<AllowedMethod>GET</AllowedMethod>" in told
    assert "logs/" in told
    for command in ("delpolicy", "delcors", "dellifecycle"):
        run(*s3cmd, command, f"s3://{bucket}")
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=bucket)
    upload = begin_upload(volano, bucket)
    assert upload in run(*s3cmd, "multipart", f"s3://{bucket}")
    assert "4" in run(*s3cmd, "listmp", f"s3://{bucket}/unfinished", upload)
    run(*s3cmd, "abortmp", f"s3://{bucket}/unfinished", upload)
    (tmp_path / "page").write_bytes(b"<p>page")
    run(*s3cmd, "put", "--mime-type=text/html", "--add-header=Cache-Control:no-store", "page",
        f"s3://{bucket}/page")  # fmt: skip
    run(*s3cmd, "modify", "--add-header=x-amz-meta-colour:blue", f"s3://{bucket}/page")
    head = s3.head_object(Bucket=bucket, Key="page")
    assert (head["ContentType"], head["Metadata"]["colour"]) == ("text/html", "blue")
    link = run(*s3cmd, "signurl", f"s3://{bucket}/page", "+60").strip()
    with urllib.request.urlopen(link) as answer:
        assert answer.read() == b"<p>page"


def rclone_to(volano) -> dict[str, str]:
    """The environment in which `v:` is a remote of rclone."""
    return {
        "RCLONE_CONFIG_V_TYPE": "s3",
        "RCLONE_CONFIG_V_PROVIDER": "Other",
        "RCLONE_CONFIG_V_ENV_AUTH": "true",
        "RCLONE_CONFIG_V_ENDPOINT": volano.aws_url,
        "RCLONE_CONFIG_V_REGION": volano.credentials["AWS_DEFAULT_REGION"],
        "RCLONE_S3_UPLOAD_CUTOFF": "8M",
        "RCLONE_S3_CHUNK_SIZE": "5M",
    }


def test_rclone_syncs_checks_and_moves(volano, bucket, run, tmp_path):
    files = make_files(tmp_path / "up")
    remote = rclone_to(volano)
    run("rclone", "sync", tmp_path / "up", f"v:{bucket}/tree", **remote)
    run("rclone", "check", tmp_path / "up", f"v:{bucket}/tree", "--download", **remote)
    run("rclone", "moveto", f"v:{bucket}/tree/a.txt", f"v:{bucket}/tree/moved/a.txt", **remote)
    run("rclone", "sync", f"v:{bucket}/tree", tmp_path / "down", **remote)
    moved = files | {"moved/a.txt": files["a.txt"]}
    del moved["a.txt"]
    assert read_files(tmp_path / "down") == moved
    run("rclone", "purge", f"v:{bucket}/tree", **remote)
    assert run("rclone", "lsf", f"v:{bucket}", **remote) == ""


def test_rclone_sees_old_versions_and_cleans_up_uploads(volano, bucket, run, tmp_path):
    remote = rclone_to(volano)
    volano.client("s3").put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    for content in ("first", "second"):
        (tmp_path / "up.txt").write_text(content)
        run("rclone", "copyto", "up.txt", f"v:{bucket}/kept.txt", "--ignore-times", **remote)
    assert run("rclone", "cat", f"v:{bucket}/kept.txt", **remote) == "second"
    names = run("rclone", "lsf", f"v:{bucket}", "--s3-versions", **remote).split()
    (old,) = (name for name in names if name != "kept.txt")
    assert run("rclone", "cat", f"v:{bucket}/{old}", "--s3-versions", **remote) == "first"
    part = run("rclone", "cat", f"v:{bucket}/kept.txt", "--offset", 3, "--count", 2, **remote)
    assert part == "on"
    begin_upload(volano, bucket)
    run("rclone", "backend", "cleanup", f"v:{bucket}", "-o", "max-age=0s", **remote)
    assert "Uploads" not in volano.client("s3").list_multipart_uploads(Bucket=bucket)
    link = run("rclone", "link", f"v:{bucket}/kept.txt", **remote).strip()
    with urllib.request.urlopen(link) as answer:
        assert answer.read() == b"second"


def test_restic_backs_up_forgets_checks_and_restores(volano, bucket, run, tmp_path):
    files = make_files(tmp_path / "up")
    restic = ("restic", "-r", f"s3:{volano.aws_url}/{bucket}/repo")
    secret = {"RESTIC_PASSWORD": "not a secret", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    run(*restic, "init", **secret)
    run(*restic, "backup", "up", **secret)
    (tmp_path / "up" / "a.txt").write_bytes(b"changed")
    run(*restic, "backup", "up", **secret)
    run(*restic, "forget", "--keep-last", "1", "--prune", **secret)
    run(*restic, "check", "--read-data", **secret)
    run(*restic, "restore", "latest", "--target", "down", **secret)
    assert read_files(tmp_path / "down" / "up") == files | {"a.txt": b"changed"}
    assert "b.bin" in run(*restic, "find", "b.bin", **secret)
    copy = ("restic", "-r", f"s3:{volano.aws_url}/{bucket}/copy")
    run(*copy, "init", **secret)
    (tmp_path / "password").write_text(secret["RESTIC_PASSWORD"])
    run(*copy, "copy", "--from-repo", restic[2], "--from-password-file", "password", **secret)
    run(*copy, "check", **secret)


def test_pyarrow_writes_and_filters_a_dataset(volano, bucket):
    s3 = pa.fs.S3FileSystem(
        access_key=volano.credentials["AWS_ACCESS_KEY_ID"],
        secret_key=volano.credentials["AWS_SECRET_ACCESS_KEY"],
        endpoint_override=volano.aws_url,
        region=volano.credentials["AWS_DEFAULT_REGION"],
    )
    table = pa.table({"shop": ["a", "b", "c"] * 1000, "amount": list(range(3000))})
    pa.dataset.write_dataset(
        table, f"{bucket}/sales", filesystem=s3, format="parquet", partitioning=["shop"]
    )
    found = pa.dataset.dataset(f"{bucket}/sales", filesystem=s3, partitioning=["shop"])
    of_b = found.to_table(filter=pa.dataset.field("shop") == "b")
    assert sum(of_b["amount"].to_pylist()) == sum(range(1, 3000, 3))
    with s3.open_output_stream(f"{bucket}/raw") as out:
        for _ in range(12):
            out.write(bytes(MIB))
    assert s3.get_file_info(f"{bucket}/raw").size == 12 * MIB
    s3.delete_dir_contents(bucket)
    assert s3.get_file_info(pa.fs.FileSelector(bucket, recursive=True)) == []


def test_duckdb_queries_and_writes_parquet(volano, bucket):
    packaged = Path(duckdb_extension_httpfs.__file__).parent / "extensions"
    (extension,) = packaged.rglob("httpfs.duckdb_extension")
    with duckdb.connect() as db:
        db.load_extension(str(extension))
        db.execute(
            "CREATE SECRET (TYPE s3, PROVIDER config, URL_STYLE 'path', USE_SSL false, "
            f"KEY_ID '{volano.credentials['AWS_ACCESS_KEY_ID']}', "
            f"SECRET '{volano.credentials['AWS_SECRET_ACCESS_KEY']}', "
            f"ENDPOINT '{volano.aws_url.removeprefix('http://')}', "
            f"REGION '{volano.credentials['AWS_DEFAULT_REGION']}')"
        )
        db.execute(
            f"COPY (SELECT range AS n, range % 7 AS day FROM range(200000)) "
            f"TO 's3://{bucket}/days' (FORMAT parquet, PARTITION_BY (day))"
        )
        sql = f"SELECT count(*), sum(n) FROM read_parquet('s3://{bucket}/days/*/*.parquet') WHERE day = 3"
        wanted = range(3, 200_000, 7)
        assert db.sql(sql).fetchone() == (len(wanted), sum(wanted))


def test_iceberg_keeps_a_table_with_its_history(volano, bucket, tmp_path):
    catalog = SqlCatalog(
        "shop",
        uri=f"sqlite:///{tmp_path}/catalog.db",
        warehouse=f"s3://{bucket}/warehouse",
        **{
            "s3.endpoint": volano.aws_url,
            "s3.access-key-id": volano.credentials["AWS_ACCESS_KEY_ID"],
            "s3.secret-access-key": volano.credentials["AWS_SECRET_ACCESS_KEY"],
            "s3.region": volano.credentials["AWS_DEFAULT_REGION"],
        },
    )
    catalog.create_namespace("sales")
    rows = pa.table({"order": pa.array([1, 2], pa.int64()), "total": pa.array([9.5, 20.0])})
    table = catalog.create_table("sales.orders", schema=rows.schema)
    table.append(rows)
    first = table.current_snapshot().snapshot_id
    table.append(pa.table({"order": pa.array([3], pa.int64()), "total": pa.array([1.0])}))
    assert sorted(table.scan().to_arrow()["order"].to_pylist()) == [1, 2, 3]
    assert len(table.scan(snapshot_id=first).to_arrow()) == 2
    table.delete("order = 2")
    assert sorted(table.scan().to_arrow()["order"].to_pylist()) == [1, 3]


def obstore_of(volano, bucket: str) -> S3Store:
    return S3Store(
        bucket,
        endpoint=volano.aws_url,
        access_key_id=volano.credentials["AWS_ACCESS_KEY_ID"],
        secret_access_key=volano.credentials["AWS_SECRET_ACCESS_KEY"],
        region=volano.credentials["AWS_DEFAULT_REGION"],
        client_options={"allow_http": True},
    )


async def test_obstore_streams_lists_moves_and_signs(volano, bucket):
    store = obstore_of(volano, bucket)
    data = os.urandom(12 * MIB)
    async with obstore.open_writer_async(store, "streamed", buffer_size=5 * MIB) as writer:
        for start in range(0, len(data), MIB):
            await writer.write(data[start : start + MIB])
    stream = await obstore.get_async(store, "streamed")
    assert b"".join([bytes(chunk) async for chunk in stream.stream(min_chunk_size=MIB)]) == data
    for number in range(25):
        await obstore.put_async(store, f"list/{number:02}", b"x")
    pages = [len(page) async for page in obstore.list(store, prefix="list", chunk_size=10)]
    assert sum(pages) == 25
    after = [one["path"] for page in obstore.list(store, offset="list/22") for one in page]
    assert after == ["list/23", "list/24", "streamed"]
    await obstore.copy_async(store, "list/00", "größe +&.txt")
    await obstore.rename_async(store, "list/01", "renamed")
    names = [one["path"] for one in (await obstore.list_with_delimiter_async(store))["objects"]]
    assert names == ["größe +&.txt", "renamed", "streamed"]
    link = await obstore.sign_async(store, "GET", "renamed", timedelta(minutes=1))
    with urllib.request.urlopen(link) as answer:
        assert answer.read() == b"x"
    await obstore.delete_async(store, ["renamed", "streamed", "never"])
    with pytest.raises(FileNotFoundError):
        await obstore.head_async(store, "streamed")


async def test_obstore_puts_on_condition_and_reads_ranges(volano, bucket):
    store = obstore_of(volano, bucket)
    data = os.urandom(11 * MIB)
    made = await obstore.put_async(store, "big", data)
    ranges = await obstore.get_ranges_async(store, "big", starts=[0, 5 * MIB], lengths=[10, 20])
    assert [bytes(part) for part in ranges] == [data[:10], data[5 * MIB : 5 * MIB + 20]]
    await obstore.put_async(store, "once", b"1", mode="create")
    with pytest.raises(obstore.exceptions.AlreadyExistsError):
        await obstore.put_async(store, "once", b"2", mode="create")
    with pytest.raises(obstore.exceptions.PreconditionError):
        await obstore.put_async(store, "big", b"2", mode={"e_tag": '"other"'})
    await obstore.put_async(store, "big", b"3", mode={"e_tag": made["e_tag"]})
    assert (await obstore.list_with_delimiter_async(store))["objects"][0]["size"] == 1
