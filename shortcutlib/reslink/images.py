"""Handwritten digits: the small set that comes with scikit-learn, or MNIST from the network."""

import hashlib
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from shortcutlib.angles import FloatArray

__all__ = ["ImageSource", "Images", "ImagesUnavailableError", "load_images"]

ImageSource = Literal["digits", "mnist"]

#: MD5 of the four files of MNIST, unpacked, as published in many places.
_MNIST_MD5 = {
    "training images": "6bbc9ace898e44ae57da46a324031adb",
    "training labels": "a25bea736e30d166cdddb491f175f624",
    "test images": "2646ac647ad5339dbf082846283269ea",
    "test labels": "27ae3e4e09519cfbb04c329615203637",
}
_MNIST_TRAINING = 60_000


class ImagesUnavailableError(RuntimeError):
    """Images that could not be had, with the remedy."""


class Images(NamedTuple):
    """Images in rows, pixels from 0 to 1, with their digits, split into two sets."""

    training: FloatArray
    training_labels: NDArray[np.int64]
    test: FloatArray
    test_labels: NDArray[np.int64]


def load_images(source: ImageSource = "digits", *, cache: Path | None = None) -> Images:
    """Images of handwritten digits (needs scikit-learn).

    Parameters
    ----------
    source : {"digits", "mnist"}
        1,797 images of 8 x 8 pixels that come with scikit-learn, or the 70,000 of 28 x 28 pixels,
        fetched from openml.org once and kept.
    cache : Path, optional
        Folder for what is fetched; by default scikit-learn's own.

    Returns
    -------
    Images
        Every fourth image of the small set is for tests; MNIST has its own split.

    Raises
    ------
    ValueError
        If there is no such source.
    ImportError
        If scikit-learn is missing.
    ImagesUnavailableError
        If MNIST cannot be fetched, or is not what it should be.

    Notes
    -----
    The pixels of MNIST are compared with the published checksums of its four files.
    """
    if source not in get_args(ImageSource):
        raise ValueError(f"there are no images {source!r}: choose among {get_args(ImageSource)}")
    try:
        from sklearn.datasets import fetch_openml, load_digits
    except ImportError:
        raise ImportError(
            "images need scikit-learn: pip install scikit-learn (or shortcutlib[data])"
        ) from None
    if source == "digits":
        data = load_digits()
        pixels, labels = data.data / 16, data.target.astype(np.int64)
        test = np.arange(len(labels)) % 4 == 3
        return Images(pixels[~test], labels[~test], pixels[test], labels[test])
    try:
        found = fetch_openml(
            "mnist_784", version=1, as_frame=False, parser="liac-arff", data_home=cache
        )
    # URLError and the like are OSErrors; a page that is no answer gives a ValueError.
    except (OSError, ValueError) as problem:
        raise ImagesUnavailableError(
            f"MNIST could not be fetched from openml.org ({problem}): go online once, or use the "
            "digits that come with scikit-learn"
        ) from None
    return _checked_mnist(found.data, found.target)


def _checked_mnist(data: Any, target: Any) -> Images:
    pixels = np.asarray(data, dtype=np.float64)
    labels = np.asarray(target).astype(np.int64)
    cut = _MNIST_TRAINING
    whole = {
        "training images": _image_file(pixels[:cut]),
        "training labels": _label_file(labels[:cut]),
        "test images": _image_file(pixels[cut:]),
        "test labels": _label_file(labels[cut:]),
    }
    for name, content in whole.items():
        # A checksum against accidents; no secret depends on it.
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != _MNIST_MD5[name]:
            raise ImagesUnavailableError(
                f"MNIST came damaged: its {name} do not match their checksum; remove what was "
                "fetched and try again"
            )
    pixels = pixels / 255
    return Images(pixels[:cut], labels[:cut], pixels[cut:], labels[cut:])


def _image_file(pixels: FloatArray) -> bytes:
    """The bytes of an idx file of images: a head, and every pixel as a byte."""
    head = np.array([2051, len(pixels), 28, 28], dtype=">i4").tobytes()
    return head + pixels.astype(np.uint8).tobytes()


def _label_file(labels: NDArray[np.int64]) -> bytes:
    head = np.array([2049, len(labels)], dtype=">i4").tobytes()
    return head + labels.astype(np.uint8).tobytes()
