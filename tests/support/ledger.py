"""The ledger's table, as the template makes it, and what is in it."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import yaml
from local_aws.processes import Moto

TEMPLATE = Path(__file__).parents[2] / "template.yaml"


class _Loader(yaml.SafeLoader):
    """Reads a template without its functions, which the table has none of."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: suffix)


def create(moto: Moto, name: str = "ledger") -> str:
    """Makes the table that the template describes, and returns its name."""
    resource = yaml.load(TEMPLATE.read_text(), _Loader)["Resources"]["Ledger"]["Properties"]
    taken = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    moto.client("dynamodb").create_table(TableName=name, **{key: resource[key] for key in taken})
    return name


def items(moto: Moto, table: str, prefix: str = "") -> list[dict[str, Any]]:
    """The items whose key begins so."""
    pages = moto.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    found = [item for page in pages for item in page["Items"]]
    return [item for item in found if item["pk"]["S"].startswith(prefix)]


def entries(moto: Moto, table: str) -> list[dict[str, Any]]:
    """The changes, oldest first."""
    parts: dict[str, dict[int, bytes]] = {}
    for item in items(moto, table, "change#"):
        parts.setdefault(item["pk"]["S"], {})[int(item["sk"]["S"])] = item["body"]["B"]
    whole = [b"".join(part for _, part in sorted(change.items())) for _, change in sorted(parts.items())]
    return [json.loads(unzipped(data)) for data in whole]


def zipped(text: bytes) -> bytes:
    """Bytes as the ledger has them."""
    return zlib.compress(text)


def unzipped(data: bytes) -> bytes:
    """What the ledger has, without what is left behind of something longer."""
    return zlib.decompressobj().decompress(data)
