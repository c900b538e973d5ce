"""Bones by the names that programs give them."""

from __future__ import annotations

import pytest

from sadtalker3d.errors import UserError
from sadtalker3d.rig.bones import arm_side, find_bones, role_of


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Head", "head"), ("head", "head"), ("mixamorig:Head", "head"), ("mixamorig1:Head", "head"),
        ("CC_Base_Head", "head"), ("Bip01 Head", "head"), ("DEF-head", "head"), ("J_Bip_C_Head", "head"),
        ("head.x", "head"), ("Head_M", "head"), ("c_head", "head"),
        ("neck_01", "neck"), ("neck01", "neck"), ("mixamorig:Neck", "neck"), ("Bip001 Neck", "neck"),
        ("CC_Base_NeckTwist01", "neck"), ("neckUpper", "neck"),
        ("LeftEye", "leftEye"), ("eye.L", "leftEye"), ("eye_R", "rightEye"), ("CC_Base_L_Eye", "leftEye"),
        ("J_Adj_R_FaceEye", "rightEye"), ("Bip01 LEye", "leftEye"), ("mixamorig:RightEye", "rightEye"),
        ("lEye", "leftEye"), ("FACIAL_L_Eye", "leftEye"),
        ("Jaw", "jaw"), ("Bip01 MJaw", "jaw"), ("CC_Base_JawRoot", "jaw"),
        ("HeadTop_End", None), ("LeftEye_end", None), ("Headband", None), ("LeftHand", None), ("eyelid.L", None),
        ("Bip01 LEyeBlinkTop", None), ("NeckRing", None), ("Eye", None), ("", None), ("LeftShoulder", None),
    ],
)  # fmt: skip
def test_role(name, role):
    assert role_of(name) == role


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("mixamorig:LeftArm", "l"), ("Bip01 R UpperArm", "r"), ("CC_Base_L_Upperarm", "l"), ("upper_arm.R", "r"),
        ("J_Bip_L_UpperArm", "l"), ("LeftForeArm", None), ("Armature", None), ("arm", None), ("LeftHand", None),
    ],
)  # fmt: skip
def test_arms(name, side):
    assert arm_side(name) == side


NAMES = ["root", "neck_01", "neck_02", "head", "eye.L", "eye.R", "head.001"]
PARENTS = [-1, 0, 1, 2, 3, 3, 0]


def test_the_neck_is_the_nearest_below_the_head():
    bones = find_bones(NAMES, PARENTS, range(6))
    assert (bones.head, bones.neck, bones.left_eye, bones.right_eye, bones.jaw) == (3, 2, 4, 5, None)
    assert not bones.doubts


def test_two_heads_are_said_and_settled_by_the_user():
    bones = find_bones(NAMES, PARENTS, range(7))
    assert bones.doubts == ("the head bone is taken to be 'head.001', not 'head'",)
    mine = find_bones(NAMES, PARENTS, range(7), own={"head": "head", "leftEye": None, "jaw": "#0"})
    assert (mine.head, mine.left_eye, mine.jaw, mine.doubts) == (3, None, 0, ())


def test_what_the_file_states_counts_more_than_names():
    assert find_bones(NAMES, PARENTS, range(7), given={"head": 1}).head == 1


def test_a_name_that_two_nodes_have_needs_a_number():
    with pytest.raises(UserError, match="2 nodes are called so; give its number, '#0'"):
        find_bones(["a", "a"], [-1, 0], [0, 1], own={"head": "a"})
    with pytest.raises(UserError, match="'#9', which the character does not have"):
        find_bones(["a", "a"], [-1, 0], [0, 1], own={"head": "#9"})
