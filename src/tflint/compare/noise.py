"""Random arrays of float32: uniform, normal, and smooth as photographs are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["images", "is_grid", "normals", "uniforms"]

_SMALLEST_SIDE = 8
_CHANNELS = (1, 3, 4)


def uniforms(shape: tuple[int, ...], random: Any) -> NDArray[Any]:
    """Values from 0 to 1."""
    import numpy as np

    drawn: NDArray[Any] = random.random(shape, np.float32)
    return drawn


def normals(shape: tuple[int, ...], random: Any) -> NDArray[Any]:
    """Values of mean 0 and deviation 1."""
    import numpy as np

    drawn: NDArray[Any] = random.standard_normal(shape, np.float32)
    return drawn


def is_grid(shape: tuple[int, ...]) -> bool:
    """Whether an array is a batch of images, or of what is laid out like them: with few channels, last or first."""
    rows = _rows(shape)
    return rows is not None and min(shape[rows], shape[rows + 1]) >= _SMALLEST_SIDE


def images(shape: tuple[int, ...], random: Any) -> NDArray[Any]:
    """Smooth images from 0 to 1: large patches, smaller ones on them, a little noise; the channels go together.

    `shape` is one that `is_grid` accepts.
    """
    import numpy as np

    rows = _rows(shape) or 1
    height, width = shape[rows], shape[rows + 1]
    channels = shape[3] if rows == 1 else shape[1]
    made = np.empty((shape[0], height, width, channels), np.float32)
    for place in range(shape[0]):
        cells = int(random.integers(3, 7))
        large: NDArray[Any] = _patches(cells, height, width, 1, random) * np.float32(0.6)
        large = large + _patches(cells, height, width, channels, random) * np.float32(0.25)
        small = _patches(3 * cells, height, width, channels, random) * np.float32(0.15)
        image = large + small + normals((height, width, channels), random) * np.float32(0.02)
        least, most = image.min(), image.max()
        made[place] = (image - least) / max(most - least, np.float32(1e-6))
    return made if rows == 1 else np.ascontiguousarray(np.moveaxis(made, -1, 1))


def _rows(shape: tuple[int, ...]) -> int | None:
    """The dimension of the rows; None where there are no channels, or many."""
    if len(shape) != 4 or 0 in shape:
        return None
    if shape[3] in _CHANNELS:
        return 1
    return 2 if shape[1] in _CHANNELS else None


def _patches(cells: int, height: int, width: int, channels: int, random: Any) -> NDArray[Any]:
    """A random grid of so many cells a side, enlarged to an image."""
    import numpy as np

    grid = uniforms((cells + 1, cells + 1, channels), random)
    (above, down), (left, right) = _places(cells, height), _places(cells, width)
    tall = grid[above] + (grid[above + 1] - grid[above]) * down[:, np.newaxis, np.newaxis]
    wide: NDArray[Any] = tall[:, left] + (tall[:, left + 1] - tall[:, left]) * right[:, np.newaxis]
    return wide


def _places(cells: int, size: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """For each of so many points the cell that it lies in, and how far in it."""
    import numpy as np

    at = np.arange(size) * (cells / size)
    cell = at.astype(np.int64)
    return cell, (at - cell).astype(np.float32)
