"""How every operator behaves: a greyed button says why, a failure is one sentence, nothing half-done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sadtalker3d.errors import UserError

from .properties import settings


class Mannered:
    """Mix-in for operators: `disabled_reason` greys the button, `run` does the work or raises `UserError`."""

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        """Why the button is grey; empty when it is not."""
        del context
        return ""

    @classmethod
    def poll(cls, context: Any) -> bool:
        if context.scene is None:
            return False
        reason = cls.disabled_reason(context)
        if reason:
            cls.poll_message_set(reason)  # type: ignore[attr-defined]
        return not reason

    def run(self, context: Any) -> str:
        """Do the work; returns the sentence for the panel."""
        raise NotImplementedError

    def execute(self, context: Any) -> set[str]:
        return carried_out(self, context, lambda: self.run(context))


def carried_out(operator: Any, context: Any, work: Callable[[], str]) -> set[str]:
    """Do the work and show the sentence it returns, or why it did not work; Blender's word for how it ended."""
    try:
        done = work()
    except UserError as error:
        fail(operator, context, str(error))
        return {"CANCELLED"}
    tell(context, done)
    operator.report({"INFO"}, done)
    return {"FINISHED"}


def tell(context: Any, message: str, *, failed: bool = False) -> None:
    """Show a sentence in the panel."""
    form = settings(context)
    form.message, form.failed = message, failed


def fail(operator: Any, context: Any, message: str) -> None:
    """Show why something did not work, in the panel and in Blender's own report."""
    tell(context, message, failed=True)
    operator.report(
        {"WARNING"}, message
    )  # ERROR would raise in scripts, with the traceback of a plain mistake
