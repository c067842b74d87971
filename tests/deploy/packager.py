"""What `make package` does, without building: it uploads functions that do nothing, and the template that names them."""

from __future__ import annotations

import io
import os
import re
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import boto3

ROOT = Path(os.environ["PACKAGED_FROM"])
# Named as SAM names its own.
BUCKET = "aws-sam-cli-managed-default-samclisourcebucket-1"


def main() -> None:
    given = dict(it.split("=", 1) for it in sys.argv[2:])
    Path(os.environ["PACKAGED_WITH"]).write_text("\n".join(sys.argv[1:]))
    if os.environ.get("PACKAGED_NOT"):
        sys.exit(2)
    s3 = boto3.client("s3", region_name=given["REGION"])
    place = {"CreateBucketConfiguration": {"LocationConstraint": given["REGION"]}}
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=BUCKET, **({} if given["REGION"] == "us-east-1" else place))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("bootstrap", "#!/bin/sh\n")
    s3.put_object(Bucket=BUCKET, Key="code.zip", Body=packed.getvalue())
    s3.put_object(Bucket=BUCKET, Key="regions.yaml", Body=(ROOT / "regions.yaml").read_bytes())
    text = re.sub(r"CodeUri: functions/\w+", f"CodeUri: s3://{BUCKET}/code.zip", (ROOT / "template.yaml").read_text())
    text = text.replace("TemplateURL: regions.yaml", f"TemplateURL: {s3.meta.endpoint_url}/{BUCKET}/regions.yaml")
    Path(given["PACKAGED"]).write_text(text)


main()
