"""django-storages: what a Django site keeps in a bucket."""

import os
import sys
import urllib.request

import django
from django.conf import settings
from django.core.files.base import ContentFile

bucket = sys.argv[1]
options = {
    "bucket_name": bucket,
    "endpoint_url": os.environ["AWS_ENDPOINT_URL"],
    "region_name": os.environ["AWS_DEFAULT_REGION"],
    "addressing_style": "path",
    "file_overwrite": False,
    "location": "media",
}
backend = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
static = {"BACKEND": "storages.backends.s3.S3ManifestStaticStorage", "OPTIONS": options}
settings.configure(STORAGES={"default": backend, "staticfiles": static}, USE_TZ=True)
django.setup()

from django.core.files.storage import default_storage as storage  # noqa: E402

big = os.urandom(9 * 1024 * 1024)
first = storage.save("photos/cat.jpg", ContentFile(big))
second = storage.save("photos/cat.jpg", ContentFile(b"other"))
assert first == "photos/cat.jpg"
assert second != first
with storage.open(first) as file:
    assert file.read() == big
assert storage.size(second) == 5
folders, files = storage.listdir("")
assert (folders, files) == (["photos"], [])
assert len(storage.listdir("photos")[1]) == 2
assert storage.get_modified_time(first).tzinfo
with urllib.request.urlopen(storage.url(second)) as answer:
    assert answer.read() == b"other"
    assert answer.headers["content-type"] == "image/jpeg"
with storage.open("notes.txt", "w") as file:
    file.write("written")
assert storage.open("notes.txt", "r").read() == "written"
storage.delete(first)
assert not storage.exists(first)
