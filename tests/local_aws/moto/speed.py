"""Moto's own slowness, taken away; nothing here changes an answer."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

from moto import backends
from moto.core import responses
from moto.core.base_backend import BackendDict, BaseBackend
from moto.iam.models import IAMBackend, ManagedPolicy


def patch() -> None:
    """Half of an answer's time, and nearly all of a reset's."""
    # Moto looks through its own folders at every request.
    modules = frozenset(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    # And for the methods of the class that answers.
    responses.method_names_from_class = cache(responses.method_names_from_class)
    # It makes the 1,600 managed policies anew after each reset, for every partition.
    make = IAMBackend._init_aws_policies
    made: list[ManagedPolicy] = []

    def aws_policies(self: IAMBackend) -> list[ManagedPolicy]:
        """The policies that AWS manages, in the partition "aws" only."""
        if self.partition != "aws":
            return []
        if not made:
            made.extend(make(self))
        return [copy.copy(policy) for policy in made]

    IAMBackend._init_aws_policies = aws_policies
    BackendDict.reset = _reset


def _reset() -> None:
    """Forgets every service of every account and region.

    Moto makes each of them anew before it forgets them: their default networks, policies and so on
    are made twice, the first time for nothing. Only what ends something beyond its own memory,
    as S3 its files, is asked to do so.
    """
    kept: list[BackendDict[Any]] = BackendDict._instances
    for service in kept:
        for account in service.values():
            for one in account.values():
                if type(one).reset is not BaseBackend.reset:
                    one.reset()
        service.clear()
    kept.clear()
