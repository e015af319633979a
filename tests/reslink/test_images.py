"""Images: the set that is always there, and the one that has to be fetched and checked."""

import sys
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
import sklearn.datasets

from shortcutlib.reslink import images
from shortcutlib.reslink.images import ImagesUnavailableError, load_images


def test_digits():
    found = load_images()
    assert found.training.shape == (1348, 64)
    assert found.test.shape == (449, 64)
    assert found.training.min() == 0
    assert found.training.max() == 1
    assert set(found.test_labels) == set(range(10))


def test_without_a_network(monkeypatch, tmp_path):
    def offline(*_, **settings):
        assert settings["data_home"] == tmp_path
        raise URLError("no route")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", offline)
    with pytest.raises(ImagesUnavailableError, match=r"go online once, or use the digits"):
        load_images("mnist", cache=tmp_path)


def test_mnist_is_checked(monkeypatch):
    rng = np.random.default_rng(0)
    data = rng.integers(0, 256, (70_000, 784)).astype(float)
    target = rng.integers(0, 10, 70_000).astype(str)
    fetched = SimpleNamespace(data=data, target=target)
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", lambda *_, **__: fetched)
    with pytest.raises(ImagesUnavailableError, match="training images do not match"):
        load_images("mnist")
    # With the checksums of these very files everything is in order.
    sums = {
        "training images": images._image_file(data[:60_000]),
        "training labels": images._label_file(target[:60_000].astype(int)),
        "test images": images._image_file(data[60_000:]),
        "test labels": images._label_file(target[60_000:].astype(int)),
    }
    assert len(sums["training images"]) == 47_040_016
    assert len(sums["training labels"]) == 60_008
    assert sums["test images"][:16].hex() == "00000803000027100000001c0000001c"
    assert sums["test labels"][:8].hex() == "0000080100002710"
    import hashlib

    right = {name: hashlib.md5(content).hexdigest() for name, content in sums.items()}
    monkeypatch.setattr(images, "_MNIST_MD5", right)
    found = load_images("mnist")
    np.testing.assert_array_equal(found.test * 255, data[60_000:])
    np.testing.assert_array_equal(found.training_labels, target[:60_000].astype(int))


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match="pip install"):
        load_images()


def test_unknown_images_are_refused():
    with pytest.raises(ValueError, match="no images 'cifar'"):
        load_images("cifar")
