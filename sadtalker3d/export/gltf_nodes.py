"""Where the nodes of a glTF file are at rest: parents, world rotations and matrices."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np


class Nodes:
    """The node tree of a checked glTF document. Quaternions are x y z w."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._nodes: list[dict[str, Any]] = document.get("nodes", [])

    def __len__(self) -> int:
        return len(self._nodes)

    @cached_property
    def names(self) -> list[str]:
        return [name if isinstance(name := node.get("name"), str) else "" for node in self._nodes]

    @cached_property
    def parents(self) -> list[int]:
        """The parent of each node, -1 for a root."""
        parents = [-1] * len(self._nodes)
        for index, node in enumerate(self._nodes):
            for child in node.get("children", []):
                parents[child] = index
        return parents

    def with_ancestors(self, index: int) -> list[int]:
        """The node, its parent, and so on up to the root."""
        way = []
        while index >= 0:
            way.append(index)
            index = self.parents[index]
        return way

    def local_matrix(self, index: int) -> np.ndarray:
        """(4, 4) of the node in its parent."""
        node = self._nodes[index]
        if "matrix" in node:
            return np.array(node["matrix"], np.float64).reshape(4, 4).T
        matrix = np.eye(4)
        matrix[:3, :3] = to_matrix(np.array(node.get("rotation", (0, 0, 0, 1)), np.float64))
        matrix[:3, :3] *= np.array(node.get("scale", (1, 1, 1)), np.float64)
        matrix[:3, 3] = node.get("translation", (0, 0, 0))
        return matrix

    def local_rotation(self, index: int) -> np.ndarray:
        """(4,) quaternion of the node in its parent."""
        return self.decomposed(index)[1]

    def decomposed(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Translation (3,), rotation (4,) and scale (3,) of the node in its parent."""
        node = self._nodes[index]
        if "matrix" not in node:
            rotation = np.array(node.get("rotation", (0, 0, 0, 1)), np.float64)
            size = np.linalg.norm(rotation)
            rotation = rotation / size if size > 0 else np.array([0.0, 0, 0, 1])
            return (
                np.array(node.get("translation", (0, 0, 0)), np.float64), rotation,
                np.array(node.get("scale", (1, 1, 1)), np.float64),
            )  # fmt: skip
        matrix = self.local_matrix(index)
        scale = np.linalg.norm(matrix[:3, :3], axis=0)
        if np.linalg.det(matrix[:3, :3]) < 0:
            scale[0] = -scale[0]
        turn = matrix[:3, :3] / np.where(scale == 0, 1, scale)
        return matrix[:3, 3], from_matrix(turn), scale

    def world_matrix(self, index: int) -> np.ndarray:
        """(4, 4) of the node in the scene; the identity for -1."""
        matrix = np.eye(4)
        for node in self.with_ancestors(index):
            matrix = self.local_matrix(node) @ matrix
        return matrix

    def world_rotation(self, index: int) -> np.ndarray:
        """(4,) quaternion of the node in the scene, without scales; no turn for -1."""
        rotation = np.array([0.0, 0, 0, 1])
        for node in self.with_ancestors(index):
            rotation = multiply(self.local_rotation(node), rotation)
        return rotation

    def make_movable(self, index: int) -> None:
        """A node that is animated must not have a matrix (glTF 2.0, 3.5.3): it gets the same as three parts."""
        node = self._nodes[index]
        if "matrix" in node:
            translation, rotation, scale = self.decomposed(index)
            del node["matrix"]
            node.update(translation=translation.tolist(), rotation=rotation.tolist(), scale=scale.tolist())


def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(..., 4) quaternions: first `b`, then `a`."""
    ax, ay, az, aw = np.moveaxis(np.asarray(a), -1, 0)
    bx, by, bz, bw = np.moveaxis(np.asarray(b), -1, 0)
    return np.stack(
        [
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
            aw * bw - ax * bx - ay * by - az * bz,
        ],
        axis=-1,
    )


def inverse(quaternions: np.ndarray) -> np.ndarray:
    """Of (..., 4) unit quaternions."""
    return np.asarray(quaternions) * np.array([-1.0, -1, -1, 1])


def to_matrix(quaternions: np.ndarray) -> np.ndarray:
    """(..., 3, 3) of (..., 4) quaternions; one of no length is no turn."""
    length = np.linalg.norm(quaternions, axis=-1, keepdims=True)
    x, y, z, w = np.moveaxis(quaternions / np.where(length > 0, length, 1), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))


def from_matrix(m: np.ndarray) -> np.ndarray:
    """(4,) quaternion of a (3, 3) rotation: the eigenvector of Bar-Itzhack (2000), which forgives small errors."""
    k = np.array(
        [
            [m[0, 0] - m[1, 1] - m[2, 2], m[1, 0] + m[0, 1], m[2, 0] + m[0, 2], m[2, 1] - m[1, 2]],
            [m[1, 0] + m[0, 1], m[1, 1] - m[0, 0] - m[2, 2], m[2, 1] + m[1, 2], m[0, 2] - m[2, 0]],
            [m[2, 0] + m[0, 2], m[2, 1] + m[1, 2], m[2, 2] - m[0, 0] - m[1, 1], m[1, 0] - m[0, 1]],
            [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], m[0, 0] + m[1, 1] + m[2, 2]],
        ]
    )
    values, vectors = np.linalg.eigh(k)
    quaternion = vectors[:, np.argmax(values)]
    return quaternion if quaternion[3] >= 0 else -quaternion
