"""Every kind of property that a change can set is set, and taken back, in a test."""

from __future__ import annotations

import re
from pathlib import Path

import test_undo_families
import test_undo_policies
import test_undo_repairs

SOURCE = Path(__file__).parents[3] / "shared" / "src" / "model" / "property.rs"


def of_the_ledger() -> set[str]:
    """The kinds as the ledger names them: the variants of the enum in kebab case."""
    (body,) = re.findall(r'rename_all = "kebab-case"\)\]\npub enum Property \{\n(.*?)\n\}', SOURCE.read_text(), re.DOTALL)
    variants = re.findall(r"^    ([A-Z]\w*)", body, re.MULTILINE)
    return {re.sub(r"(?<!^)(?=[A-Z])", "-", it).lower() for it in variants}


def test_every_kind_is_taken_back_somewhere() -> None:
    by_family = set().union(*test_undo_families.KINDS.values())
    by_scene = set().union(*(kinds for kinds, _ in test_undo_repairs.SCENES.values()))
    taken_back = by_family | by_scene | test_undo_repairs.OF_A_TRAIL | test_undo_policies.POLICIES.keys()
    assert taken_back == of_the_ledger()
