"""Batches prepared ahead of their use, off the main thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Key = TypeVar("Key")
Item = TypeVar("Item")


def prefetched(make: Callable[[Key], Item], keys: Iterable[Key], ahead: int) -> Iterator[Item]:
    """Yield ``make(key)`` for every key, in order.

    One thread is enough: cutting and warping clips are NumPy and OpenCV calls that release the
    interpreter lock. Order and content do not depend on timing, since ``make`` is a pure function.

    Args:
        make: makes an item; its exceptions are raised here, at the item they belong to.
        keys: what to make.
        ahead: items made before they are asked for; 0 = none, no thread.
    """
    if ahead == 0:
        yield from map(make, keys)
        return
    pool = ThreadPoolExecutor(1, "mespot-data")
    waiting: deque[Future[Item]] = deque()
    try:
        for key in keys:
            waiting.append(pool.submit(make, key))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
