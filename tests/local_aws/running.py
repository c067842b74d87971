"""Something that is started and must be ended, whatever happens in between."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Running(ABC):
    """A context manager which starts on entry and stops on exit, also where the start fails halfway."""

    @abstractmethod
    def start(self) -> None:
        """Starts it, and returns when it is ready."""

    @abstractmethod
    def stop(self) -> None:
        """Ends it and all that belongs to it; once more does no harm."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
