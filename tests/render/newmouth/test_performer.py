"""Where a filmed head is, and how sure that is."""

from __future__ import annotations

import numpy as np

from .conftest import FRAMES, Filmed


def test_each_seen_frame_is_there_and_the_lost_one_is_not(filmed: Filmed) -> None:
    performer = filmed.performer
    assert performer.numbers.tolist() == [n for n in range(FRAMES) if n != 7]
    assert performer.size_px == (320, 320)


def test_beside_a_lost_frame_nothing_is_drawn_upon(filmed: Filmed) -> None:
    sure = dict(zip(filmed.performer.numbers.tolist(), filmed.performer.sure, strict=True))
    assert sure[0] > 0.7
    assert sure[6] == sure[8] == 0, "it fades before the face is lost"
    assert (np.diff([sure[n] for n in range(7)]) <= 1e-9).all()


def test_the_points_are_met_with_what_is_left(filmed: Filmed) -> None:
    """The head, posed, plus what is left gives the points back."""
    from sadtalker3d.clip.poses import misfits
    from sadtalker3d.face.fit_problem import FREE

    performer, person = filmed.performer, filmed.film.person
    k = 4
    left, slow = performer.left_m(k)
    shape = performer.shape + np.tensordot(performer.expression[k, list(FREE)], person.columns, axes=1)
    points = np.asarray(filmed.film.rows["points"][performer.rows[k]], np.float64)[None, :, :2]
    again, scale = misfits(
        performer.poses[k : k + 1], points, shape[None], person.places, person.focal_px, person.centre
    )
    upper_face = [10, 151, 9, 8, 168, 6]
    np.testing.assert_allclose(again[0, upper_face] * [1, -1] / scale, left[upper_face], atol=1e-6)
    assert np.abs(slow).max() < 0.004, "what is left for long is millimetres"
    meeting = np.array([(13, 14), (82, 87), (312, 317)])
    np.testing.assert_allclose(slow[meeting[:, 0]], slow[meeting[:, 1]])
