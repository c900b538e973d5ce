"""New words in an old performance: the take, or what is on the timeline, with the mouth of the speech."""

from pathlib import Path
from typing import Any

import bpy

from sadtalker3d.errors import UserError

from .bridge import Job
from .generate import InBackground, speech_file, usable_command, work_folder
from .properties import current_character, current_take, settings
from .takes import DEFAULT_FPS, add_take, sampled


class SADTALKER3D_OT_dub(InBackground, bpy.types.Operator):
    """Put the words of the speech into the performance: head, eyes, brows and the person's own smile stay"""

    bl_idname = "sadtalker3d.dub"
    bl_label = "Dub"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def missing(cls, context: Any) -> str:
        form = settings(context)
        if not (form.use_strip or form.speech):
            return "Choose the new speech first"
        if form.dub_from == "TIMELINE":
            return (
                "" if current_character(context) else "There is no character whose animation could be dubbed"
            )
        return "" if current_take(context) else "There is no take: generate or import one"

    def job(self, context: Any) -> Job:
        form, folder = settings(context), work_folder(context)
        speech = speech_file(context)
        command = usable_command(context)
        if form.dub_from == "TIMELINE":
            character = current_character(context)
            track = sampled(context, character, DEFAULT_FPS)
            folder.mkdir(parents=True, exist_ok=True)
            performance = track.save(folder / f"{bpy.path.clean_name(character.name)}_timeline.json")
        else:
            performance = Path(bpy.path.abspath(current_take(context).path))
            if not performance.is_file():
                raise UserError(f"the track {performance} is not there: import it again, or generate it")
        out = folder / f"{performance.stem}_says_{speech.stem}.json"
        words = [*command, "dub", str(performance), "--audio", str(speech), "-o", str(out), "--force"]
        footage = [out.with_suffix(".mp4")] if form.footage and form.dub_from == "TAKE" else []
        # the head in the footage stays as it was filmed, so the take's does too
        soften = 0.0 if footage else form.soften
        words += ["--fit", form.dub_fit.lower(), "--tension", f"{form.tension:g}", "--soften", f"{soften:g}"]
        words += ["--seed", str(form.seed), "--mouth", f"{form.mouth:g}"]
        words += [word for path in footage for word in ("--video", str(path))]
        return Job(words, [out, *footage], folder / "log.txt")

    def finish(self, context: Any, job: Job) -> str:
        take = add_take(context, job.outputs[0])
        beside = "".join(f"; the film is {path}" for path in job.outputs[1:])
        return f"{take.name}: {take.frames} frames; press Apply{beside}"


CLASSES = (SADTALKER3D_OT_dub,)
