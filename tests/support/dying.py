"""A function whose process ends while one of its calls is on the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from envelope import Event
from local_aws.processes import Moto
from runtime_api import Function


def dies(dying: Function, moto: Moto, event: Event, operation: str, when: str, nth: int = 1) -> None:
    """Kills it before the nth call is applied, or after that and before it has the answer."""
    moto.hold(operation, when, nth)
    with ThreadPoolExecutor(1) as pool:
        lost = pool.submit(dying.invoke, event)
        moto.wait_until_held()
        dying.kill()
        assert lost.exception() is not None
    moto.release()
