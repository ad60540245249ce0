"""Making the next items in a thread while the last ones are worked on.

Decoding spends its time in native code that lets other threads run. The order of the items is kept
and nothing else is shared: the results are the same bytes with and without the thread.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from queue import Full, Queue
from typing import Any, TypeVar

Item = TypeVar("Item")

_END = object()
_PATIENCE = 0.1  # s between looks whether anybody still wants items


def ahead(items: Iterable[Item], depth: int) -> Iterator[Item]:
    """Yield ``items``, made up to ``depth`` ahead by a thread of their own.

    The thread ends when the items do, or when this iterator is closed.

    Args:
        items: iterated in the thread, and closed there.
        depth: finished items that may wait; bounds the memory.

    Raises:
        whatever making an item raises, at its place in the order.
    """
    queue: Queue[Any] = Queue(depth)
    unwanted = threading.Event()
    worker = threading.Thread(target=_make, args=(items, queue, unwanted), daemon=True)
    worker.start()
    try:
        while True:
            item, error = queue.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        unwanted.set()
        worker.join()


def _make(items: Iterable[Any], queue: Queue[Any], unwanted: threading.Event) -> None:
    iterator = iter(items)
    try:
        for item in iterator:
            if not _put(queue, (item, None), unwanted):
                return
        _put(queue, (_END, None), unwanted)
    except BaseException as error:
        _put(queue, (None, error), unwanted)
    finally:
        if hasattr(iterator, "close"):
            iterator.close()


def _put(queue: Queue[Any], entry: Any, unwanted: threading.Event) -> bool:
    while not unwanted.is_set():
        try:
            queue.put(entry, timeout=_PATIENCE)
        except Full:
            continue
        return True
    return False
