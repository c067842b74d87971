"""Prowler's own command, without the packages of other clouds: whatever is asked of those is an empty class."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

OTHERS = (
    "alibabacloud", "azure", "cloudflare", "cryptography", "dash", "github", "google", "h2", "httplib2", "huaweicloud",
    "kiota", "kubernetes", "linode", "microsoft", "msgraph", "numpy", "oci", "okta", "openstack", "pandas", "scaleway",
    "shodan", "slack", "stackit", "Tea", "truststore",
)
"""How the names of packages begin that no check of AWS needs."""


class Empty(type):
    """A class that has every attribute: another such class."""

    def __getattr__(cls, name: str) -> Any:
        return absent(name)


def absent(name: str) -> Any:
    """The class that stands for `name`; an exception, as some of them are caught."""
    if name.startswith("__"):
        raise AttributeError(name)
    return Empty(name, (Exception,), {})


class Finder(MetaPathFinder, Loader):
    """Finds the packages that are left out."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self, is_package=True) if fullname.startswith(OTHERS) else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = ModuleType(spec.name)
        module.__dict__["__getattr__"] = absent
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Leaves it empty."""


if __name__ == "__main__":
    sys.meta_path.append(Finder())
    from prowler.__main__ import prowler

    sys.exit(prowler())
