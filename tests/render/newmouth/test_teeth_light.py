"""Teeth in a film's own light."""

from __future__ import annotations

import numpy as np

from sadtalker3d.render.newmouth.teeth_light import TeethLight, brightness


def test_evenly_lit_teeth_are_told_from_an_estimate_that_falls_off() -> None:
    estimate = np.linspace(40, 190, 100)[:, None] * np.ones(3)
    shown = 1.2 * 190 * ((estimate + 8) / 198) ** 0.6 - 8
    light = TeethLight.learnt(np.array([(brightness(shown), brightness(estimate))] * 3))
    assert abs(light.power - 0.6) < 0.02
    again = estimate * light.on(estimate)
    np.testing.assert_allclose(again[50:], shown[50:], rtol=0.06)


def test_one_odd_frame_does_not_count_and_nothing_goes_beyond_reason() -> None:
    usual, odd = (100.0, 160.0), (9.0, 20.0)
    light = TeethLight.learnt(np.array([(usual, usual), (odd, usual), (usual, usual)]))
    assert light.gain == 1 and light.power == 1
    dark = TeethLight.learnt(np.array([((10.0, 12.0), usual)]))
    assert dark.gain == 0.6
