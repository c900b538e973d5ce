"""The doctor says what is wrong and never falls over."""

from __future__ import annotations

from sadtalker3d import doctor
from sadtalker3d.errors import UserError


def test_this_installation_has_what_it_needs():
    checks = {check.name: check for check in doctor.examine()}
    assert checks["weights"].ok and checks["head"].ok and checks["sound"].ok and checks["video"].ok


def test_what_is_broken_is_reported_not_raised(monkeypatch):
    def broken() -> str:
        raise UserError("install libegl1")

    def very_broken() -> str:
        raise ValueError("odd")

    monkeypatch.setattr(doctor, "_opengl", broken)
    monkeypatch.setattr(doctor, "_head", very_broken)
    checks = {check.name: check for check in doctor.examine()}
    assert checks["OpenGL"] == doctor.Check("OpenGL", False, "install libegl1")
    assert checks["head"].ok is False and "odd" in checks["head"].detail
