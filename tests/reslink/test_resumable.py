"""Trainings that are interrupted anywhere end with the same records."""

import json

import numpy as np
import pytest

from shortcutlib.reslink.experiments import Dynamics
from shortcutlib.reslink.resumable import restore_generator, run_training, state_file
from shortcutlib.results_file import ResultsFileError

SIZE = Dynamics(d=8, batch=5, rate=0.01, iterations=150, frobenius=1.0, precision="double")


class Interrupted(Exception):
    pass


def stop_at(step):
    def progress(now, _):
        if now >= step:
            raise Interrupted

    return progress


@pytest.fixture
def whole(tmp_path_factory):
    return SIZE.run_in(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("save_every", [0.0, 1e9])
def test_interrupted_and_continued(tmp_path, whole, save_every):
    for step in (1, 40, 41, 120):
        with pytest.raises(Interrupted):
            SIZE.run_in(tmp_path, progress=stop_at(step), save_every=save_every)
    assert SIZE.run_in(tmp_path, save_every=save_every) == whole
    # Nothing is left to do.
    assert SIZE.run_in(tmp_path, progress=stop_at(0)) == whole


def test_a_kill_that_loses_the_state_costs_only_time(tmp_path, whole):
    with pytest.raises(Interrupted):
        SIZE.run_in(tmp_path, progress=stop_at(60))
    path = tmp_path / f"{SIZE.name}.jsonl"
    state_file(path).unlink()
    # A record that was not finished.
    path.write_bytes(path.read_bytes()[:-20])
    assert SIZE.run_in(tmp_path) == whole


def test_an_old_state_repeats_what_is_recorded_already(tmp_path, whole):
    with pytest.raises(Interrupted):
        SIZE.run_in(tmp_path, progress=stop_at(20))
    saved = state_file(tmp_path / f"{SIZE.name}.jsonl")
    old = saved.read_bytes()
    with pytest.raises(Interrupted):
        SIZE.run_in(tmp_path, progress=stop_at(70))
    saved.write_bytes(old)
    assert SIZE.run_in(tmp_path) == whole


def test_other_configurations_and_damage_are_refused(tmp_path):
    SIZE.run_in(tmp_path)
    path = tmp_path / f"{SIZE.name}.jsonl"
    with pytest.raises(ResultsFileError, match="belongs to another configuration"):
        run_training(path, {"d": 9}, SIZE.prepare(), [0, 1])
    saved = state_file(path)
    saved.write_bytes(b"nonsense")
    with pytest.raises(ResultsFileError, match="remove it"):
        SIZE.run_in(tmp_path)
    np.savez(saved, about=np.array(json.dumps({"configuration": {}, "step": 1, "values": {}})))
    with pytest.raises(ResultsFileError, match="another configuration"):
        SIZE.run_in(tmp_path)


def test_generators_go_on():
    rng = np.random.Generator(np.random.PCG64(5))
    rng.standard_normal(7)
    state = json.loads(json.dumps(rng.bit_generator.state))
    np.testing.assert_array_equal(
        restore_generator(state).standard_normal(5), rng.standard_normal(5)
    )
