"""Triangles into pixels."""

from __future__ import annotations

import numpy as np

from sadtalker3d.render.warp.raster import draw_grid, nearest_triangles, places_on_triangles


def draw(xy: list, near: list, faces: list, size: int = 8) -> tuple[np.ndarray, np.ndarray]:
    ids = np.full((size, size), -1, np.int32)
    depth = np.full(ids.shape, -np.inf, np.float32)
    nearest_triangles(
        np.array(xy, np.float32),
        np.array(near, np.float32),
        np.array(faces, np.int32),
        0,
        0,
        0,
        1,
        ids,
        depth,
    )
    return ids, depth


def test_two_triangles_tile_a_square_without_a_gap() -> None:
    square = [[-0.5, -0.5], [7.5, -0.5], [7.5, 7.5], [-0.5, 7.5]]
    ids, _ = draw(square, [0, 0, 0, 0], [[0, 3, 1], [1, 3, 2]])
    assert set(np.unique(ids)) == {0, 1}


def test_nearest_wins_and_backs_are_not_drawn() -> None:
    three = [[-1, -1], [-1, 20], [20, -1]]
    ids, depth = draw(three * 3, [1, 1, 1, 2, 2, 2, 3, 3, 3], [[0, 1, 2], [3, 4, 5], [6, 8, 7]])
    assert ids[2, 2] == 1 and depth[2, 2] == 2


def test_barycentric_places_give_the_points_back() -> None:
    corners = np.array([[0, 0], [1, 9], [8, 2]], np.float32)
    points = np.array([[2.5, 3.0], [4.0, 2.0]], np.float32)
    weights = np.zeros((2, 3), np.float32)
    places_on_triangles(points, np.zeros(2, np.int32), corners, np.array([[0, 1, 2]], np.int32), weights)
    np.testing.assert_allclose(weights @ corners, points, atol=1e-5)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)


def test_a_shifted_grid_says_where_its_pixels_came_from() -> None:
    ys, xs = np.mgrid[0:5, 0:5].astype(np.float32) * 4
    knots = np.stack([xs, ys], axis=-1)
    source, depth = np.full((17, 17, 2), -1, np.float32), np.full((17, 17), -np.inf, np.float32)
    shift = np.array([2, 1], np.float32)
    draw_grid(
        knots + shift, np.zeros((5, 5), np.float32), 0, 0, np.zeros(2, np.float32), np.float32(4),
        np.ones((4, 4), bool), source, depth,
    )  # fmt: skip
    np.testing.assert_allclose(source[10, 9], [7, 9], atol=1e-4)
    assert (source[0] == -1).all()
