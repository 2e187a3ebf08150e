"""`volano root-key rotate` killed at any moment: the cloud starts and opens what it sealed."""

import random
import subprocess
import sys
import time

from tests.conftest import start_volano

SEED = 20261122


def test_a_rotation_that_is_killed_anywhere_leaves_a_cloud_that_opens(tmp_path):
    chance = random.Random(SEED)
    cloud = start_volano(tmp_path)
    try:
        kms, secrets = cloud.client("kms"), cloud.client("secretsmanager")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        blob = kms.encrypt(KeyId=key, Plaintext=b"kept")["CiphertextBlob"]
        secrets.create_secret(Name="s", SecretString="kept")
        command = [
            sys.executable,
            "-m",
            "volano",
            "root-key",
            "rotate",
            "--data",
            str(cloud.data_dir),
        ]
        began = time.monotonic()
        subprocess.run(command, env=cloud.environment, check=True, capture_output=True, timeout=120)
        took_s = time.monotonic() - began
        for _ in range(8):
            process = subprocess.Popen(
                command, env=cloud.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            try:
                process.wait(chance.uniform(0.5, 1.05) * took_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        # Its credentials too are sealed: every call below opens them with the newest root key.
        cloud.restart(kill=True)
        kms, secrets = cloud.client("kms"), cloud.client("secretsmanager")
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"kept"
        assert secrets.get_secret_value(SecretId="s")["SecretString"] == "kept"
        show = [*command[:4], "show", *command[5:]]
        done = subprocess.run(
            show, env=cloud.environment, check=True, capture_output=True, text=True, timeout=120
        )
        assert done.stdout.startswith("root key ")
    finally:
        cloud.stop()
