"""Speech to a take, by the command line in a child process; the interface stays live."""

import time
from pathlib import Path
from typing import Any

import bpy

from sadtalker3d import edit
from sadtalker3d.errors import UserError
from sadtalker3d.track import load

from . import sequencer
from .bridge import Job, cancel_all, find_command, require_version
from .manners import Mannered, carried_out, fail, tell
from .properties import settings
from .takes import add_take

EVERY_S = 0.2  # often enough for a bar that moves, seldom enough to cost nothing
AMOUNTS = ("mouth", "upper_face", "head", "blink", "gaze")

running: dict[str, Job] = {}
"""The one job of this Blender, by the key "job"; the panel draws from it."""


def work_folder(context: Any) -> Path:
    """Where generated files go: beside the .blend, or among Blender's own data while it is not saved."""
    if bpy.data.filepath:
        return Path(bpy.path.abspath("//")) / "sadtalker3d"
    return Path(bpy.utils.user_resource("DATAFILES", path="sadtalker3d", create=True)) / "takes"


def preferred_command(context: Any) -> str:
    """The command line named in the preferences."""
    addon = context.preferences.addons.get(__package__)
    return addon.preferences.command if addon and addon.preferences else ""


def speech_file(context: Any) -> Path:
    """The speech to be animated, or UserError when there is none."""
    form = settings(context)
    if form.use_strip:
        found = sequencer.selected_sound(context)
        if found is None:
            raise UserError(
                "no sound strip is selected in the sequencer: select it, or switch Selected Strip off"
            )
        return found
    if not form.speech.strip():
        raise UserError("choose a speech file first")
    path = Path(bpy.path.abspath(form.speech)).absolute()
    if not path.is_file():
        raise UserError(f"the speech {path} is not there: choose it again")
    return path


def portrait_file(context: Any) -> Path:
    """The form's portrait, or UserError when it is not there."""
    path = Path(bpy.path.abspath(settings(context).portrait))
    if not path.is_file():
        raise UserError(f"the portrait {path} is not there: choose it again")
    return path


def usable_command(context: Any) -> list[str]:
    """The command line that is found, of this extension's version; UserError when there is none."""
    command = find_command(preferred_command(context))
    require_version(command)
    return command


def generation(context: Any) -> Job:
    """The child process that animates the form's speech, not started."""
    form = settings(context)
    speech = speech_file(context)
    command = usable_command(context)
    folder = work_folder(context)
    mood = "" if form.emotion == "NONE" else f"_{form.emotion}"
    out = folder / f"{speech.stem}_style{form.style}_seed{form.seed}{mood}.json"
    words = [
        *command,
        "animate",
        str(speech),
        "-o",
        str(out),
        "--style",
        form.style,
        "--seed",
        str(form.seed),
    ]
    for amount in AMOUNTS:
        words += [f"--{amount.replace('_', '-')}", f"{getattr(form, amount):g}"]
    words += ["--force", *(["--still"] if form.still else [])]
    return Job(words, [out], folder / "log.txt")


def directed(context: Any, path: Path) -> None:
    """Put the form's emotion and gaze into a generated track file."""
    form = settings(context)
    track = load(path)
    if form.emotion != "NONE":
        track = edit.emotion(track, form.emotion, form.intensity, seed=form.seed)
    if form.look == "CAMERA":
        track = edit.gaze_at(track)
    if form.emotion != "NONE" or form.look != "FREE":
        track.save(path)


class InBackground(Mannered):
    """Mix-in for an operator whose work is a child process: `job` makes it, `finish` uses what it made.

    With a window it runs modally: progress, time left, Esc cancels. Called from a script it waits.
    """

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return "Another generation is running" if running else cls.missing(context)

    @classmethod
    def missing(cls, context: Any) -> str:
        """What else is missing, for the greyed button."""
        del context
        return ""

    def job(self, context: Any) -> Job:
        """The child process, not started."""
        raise NotImplementedError

    def finish(self, context: Any, job: Job) -> str:
        """What to do with its outputs; returns the sentence for the panel."""
        raise NotImplementedError

    def run(self, context: Any) -> str:
        job = self.job(context).start()
        while not job.poll():
            time.sleep(0.05)
        return self._end(context, job)

    def invoke(self, context: Any, event: Any) -> set[str]:
        del event
        try:
            self._job = self.job(context).start()
        except UserError as error:
            fail(self, context, str(error))
            return {"CANCELLED"}
        running["job"] = self._job
        window = context.window_manager
        window.progress_begin(0, 100)
        self._timer = window.event_timer_add(EVERY_S, window=context.window)
        window.modal_handler_add(self)
        tell(context, "started")
        return {"RUNNING_MODAL"}

    def modal(self, context: Any, event: Any) -> set[str]:
        if event.type == "ESC" and event.value == "PRESS":
            self._job.cancel()
        if event.type not in ("TIMER", "ESC"):
            return {"PASS_THROUGH"}
        progress = self._job.progress
        if progress.total:
            context.window_manager.progress_update(100 * progress.done / progress.total)
        _redraw(context)
        if not self._job.poll():
            return {"PASS_THROUGH"}
        self._stop(context)
        return carried_out(self, context, lambda: self._end(context, self._job))

    def cancel(self, context: Any) -> None:
        """Blender closes, or another file is opened."""
        self._job.cancel()
        self._stop(context)

    def _stop(self, context: Any) -> None:
        running.pop("job", None)
        context.window_manager.progress_end()
        context.window_manager.event_timer_remove(self._timer)

    def _end(self, context: Any, job: Job) -> str:
        settings(context).log = str(job.log)
        if job.cancelled:
            raise UserError("cancelled; nothing was changed")
        if job.error:
            raise UserError(job.error)
        return self.finish(context, job)


def _redraw(context: Any) -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


class SADTALKER3D_OT_generate(InBackground, bpy.types.Operator):
    """Turn the speech into a take, in the background"""

    bl_idname = "sadtalker3d.generate"
    bl_label = "Generate"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def missing(cls, context: Any) -> str:
        form = settings(context)
        return "" if form.use_strip or form.speech else "Choose a speech file first"

    def job(self, context: Any) -> Job:
        return generation(context)

    def finish(self, context: Any, job: Job) -> str:
        if settings(context).use_strip:
            settings(context).start = sequencer.start_of_selected(context)
        directed(context, job.outputs[0])
        take = add_take(context, job.outputs[0])
        return f"{take.name}: {take.frames} frames; press Apply"


class SADTALKER3D_OT_cancel(bpy.types.Operator):
    """Stop what is running; nothing is changed"""

    bl_idname = "sadtalker3d.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return bool(running)

    def execute(self, context: Any) -> set[str]:
        cancel_all()
        return {"FINISHED"}


class SADTALKER3D_OT_show_log(bpy.types.Operator):
    """Open the messages of the last run in the text editor"""

    bl_idname = "sadtalker3d.show_log"
    bl_label = "Show Log"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return bool(settings(context).log)

    def execute(self, context: Any) -> set[str]:
        path = Path(settings(context).log)
        text = bpy.data.texts.get("sadtalker3d log") or bpy.data.texts.new("sadtalker3d log")
        text.from_string(path.read_text("utf-8", errors="replace") if path.is_file() else f"{path} is gone")
        self.report({"INFO"}, "the log is the text 'sadtalker3d log' in the text editor")
        return {"FINISHED"}


CLASSES = (SADTALKER3D_OT_generate, SADTALKER3D_OT_cancel, SADTALKER3D_OT_show_log)
