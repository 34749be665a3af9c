"""Making the next item while the present one is being written: a thread, and a place for one item in between."""

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeVar

from openprospect.sync.errors import Stopped

T = TypeVar("T")
_LOOK_SECONDS = 0.1


class ReadAhead(Generic[T]):
    """Iterates in a thread of its own over what `produce` makes. Raises `Stopped` once `stop` is set, even while the thread waits.

    `produce` is given an event, set once nobody wants more. The thread is a daemon: a read that hangs keeps nobody from leaving.
    """

    def __init__(self, produce: Callable[[threading.Event], Iterator[T]], stop: threading.Event) -> None:
        self._stop = stop
        self._abandoned = threading.Event()
        self._queue: queue.Queue[T | BaseException | None] = queue.Queue(maxsize=1)
        threading.Thread(target=self._fetch, args=(produce,), name="read-ahead", daemon=True).start()

    def __iter__(self) -> Generator[T]:
        try:
            while (item := self._take()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            self._abandoned.set()

    def _take(self) -> T | BaseException | None:
        while not self._stop.is_set():
            try:
                return self._queue.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue
        raise Stopped("Asked to stop.")

    def _fetch(self, produce: Callable[[threading.Event], Iterator[T]]) -> None:
        last: BaseException | None = None
        try:
            for item in produce(self._abandoned):
                self._put(item)
        except BaseException as error:  # noqa: BLE001 - it is raised again where the items are used
            last = error
        self._put(last)

    def _put(self, item: T | BaseException | None) -> None:
        while not self._abandoned.is_set():
            try:
                self._queue.put(item, timeout=_LOOK_SECONDS)
            except queue.Full:
                continue
            return
