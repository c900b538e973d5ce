"""Which of a character's shapes follow which columns: its names against the dialects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sadtalker3d.errors import UserError
from sadtalker3d.rig.arkit import ARKIT_52
from sadtalker3d.rig.dialects import Dialect, Entry, Follow, Looks, dialects
from sadtalker3d.rig.names import EXACT, forms, plain

LEAST_VISEMES = 3  # fewer are names that look like visemes by chance
MOUTH_COLUMN = "jawOpen"  # a character without it does not speak by shapes


@dataclass(frozen=True)
class Shape:
    """Something a character can be driven by: a name, and the meshes that have it.

    meshes : indices of the meshes, for telling two names of one mesh from one name on two
    """

    name: str
    meshes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Hit:
    """What a shape follows, and how that is known."""

    entry: Follow | Looks
    dialect: str
    key: str  # the dialect's own name of it
    sureness: int  # EXACT, ALIKE or INSIDE


@dataclass(frozen=True)
class Match:
    """A character's shapes sorted out.

    hits : by the shape's name
    dialects : the names of those that were used, the main one first
    missing : ARKit columns that nothing follows
    left_over : shapes that follow nothing
    unused : shapes that are known, but not needed besides the others
    doubts : one sentence for each thing that could be meant otherwise
    """

    hits: Mapping[str, Hit]
    dialects: tuple[str, ...]
    missing: tuple[str, ...]
    left_over: tuple[str, ...]
    unused: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def visemes(self) -> dict[str, Looks]:
        """The shapes whose weights have to be solved."""
        return {name: hit.entry for name, hit in self.hits.items() if isinstance(hit.entry, Looks)}

    @property
    def follows(self) -> dict[str, Follow]:
        """The shapes that follow columns directly."""
        return {name: hit.entry for name, hit in self.hits.items() if isinstance(hit.entry, Follow)}

    @property
    def columns(self) -> set[str]:
        """The columns that something follows directly."""
        return {column for entry in self.follows.values() for column in entry.shares}

    @property
    def speaks(self) -> bool:
        """Whether the mouth opens: by shapes of its own or by visemes."""
        return MOUTH_COLUMN in self.columns or bool(self.visemes)


def match(
    shapes: Sequence[Shape], own: Dialect | None = None, known: Sequence[Dialect] | None = None
) -> Match:
    """Find what each shape follows.

    The dialect that knows most of the shapes by columns is taken first. Others add what they know of columns that
    nothing follows yet. Visemes are used only where no shape opens the jaw.

    own : the user's map; it comes first, and nothing else counts if it is not automatic
    known : the dialects to look in; all of the project unless given

    Raises UserError when `own` names a shape that the character does not have.
    """
    by_name = {shape.name: shape for shape in shapes}
    hits: dict[str, Hit] = {}
    settled: set[str] = set()
    if own is not None:
        given = _own(own, by_name)
        hits |= {name: hit for name, hit in given.items() if hit is not None}
        settled |= set(given)
    known = dialects() if known is None else known
    if own is not None and not own.automatic:
        known = ()
    doubts: dict[str, list[str]] = {dialect.name: [] for dialect in known}
    found = {d.name: _found(d, [s for s in shapes if s.name not in settled], doubts[d.name]) for d in known}
    mine = {column for hit in hits.values() if isinstance(hit.entry, Follow) for column in hit.entry.shares}
    columns: set[str] = set()  # the user's do not count: who adds a shape does not mean to stop the usual one
    order = sorted(found, key=lambda name: _rank(found[name].values()))
    used = [own.name] if own is not None and hits else []
    for name in order:
        # shapes with one column first: a shape for both sides is not needed where each side has its own
        entries = sorted(found[name].items(), key=lambda item: len(item[1].entry.shares))
        before = set(columns)
        added: dict[str, Hit] = {}
        for shape, hit in entries:
            shares = set(hit.entry.shares)
            taken = before if len(shares) == 1 else columns
            if isinstance(hit.entry, Follow) and shape not in hits and not shares & taken:
                added[shape] = hit
                columns |= shares
        if added:
            used.append(name)
            hits |= added
    columns |= mine
    if MOUTH_COLUMN not in columns and not any(isinstance(hit.entry, Looks) for hit in hits.values()):
        visemes = {
            name: {s: h for s, h in of.items() if isinstance(h.entry, Looks) and s not in hits}
            for name, of in found.items()
        }
        best = max(visemes, key=lambda name: len(visemes[name]), default="")
        if best and len(visemes[best]) >= LEAST_VISEMES:
            hits |= visemes[best]
            used.append(best)
    missing = tuple(column for column in ARKIT_52 if column not in columns)
    unused = {s for of in found.values() for s in of} - set(hits)
    left_over = tuple(s.name for s in shapes if s.name not in hits and s.name not in unused)
    in_order = {shape.name: hits[shape.name] for shape in shapes if shape.name in hits}
    said = dict.fromkeys(doubt for name in used for doubt in doubts.get(name, ()))
    spare = tuple(s.name for s in shapes if s.name in unused)
    return Match(in_order, tuple(dict.fromkeys(used)), missing, left_over, spare, tuple(said))


def _own(own: Dialect, by_name: Mapping[str, Shape]) -> dict[str, Hit | None]:
    hits: dict[str, Hit | None] = {}
    for target, entry in own.targets.items():
        names = [
            name for name in (target, *(o for o, t in own.also.items() if t == target)) if name in by_name
        ]
        if not names:
            if entry is None:
                continue
            near = [name for name in by_name if plain(name) == plain(target)]
            hint = f"; did you mean '{near[0]}'?" if near else "; see `sadtalker3d rig inspect`"
            raise UserError(
                f"the rig map names the target '{target}', which the character does not have{hint}"
            )
        for name in names:
            hits[name] = None if entry is None else Hit(entry, own.name, target, EXACT)
    return hits


def _found(dialect: Dialect, shapes: Iterable[Shape], doubts: list[str]) -> dict[str, Hit]:
    """The shapes a dialect knows; where two of one mesh mean the same, the surer one."""
    exact = {**{name: name for name in dialect.targets}, **dialect.also}
    alike: dict[str, str] = {}
    for name, key in exact.items():
        alike.setdefault(plain(name), key)
    found: dict[str, Hit] = {}
    holders: dict[str, list[Shape]] = {}
    for shape in shapes:
        hit = _look_up(shape.name, dialect, exact, alike)
        if hit is None:
            continue
        rivals = [
            s for s in holders.get(hit.key, ()) if set(s.meshes) & set(shape.meshes) and s.name in found
        ]
        better = [s for s in rivals if found[s.name].sureness <= hit.sureness]
        for rival in better:
            doubts.append(
                f"'{shape.name}' and '{rival.name}' both look like {hit.key}; '{rival.name}' is used"
            )
        if better:
            continue
        for rival in rivals:
            doubts.append(
                f"'{rival.name}' and '{shape.name}' both look like {hit.key}; '{shape.name}' is used"
            )
            del found[rival.name]
        found[shape.name] = hit
        holders.setdefault(hit.key, []).append(shape)
    return found


def _look_up(name: str, dialect: Dialect, exact: Mapping[str, str], alike: Mapping[str, str]) -> Hit | None:
    for sureness, form in forms(name):
        key = exact.get(form) if sureness == EXACT else alike.get(form)
        if key is not None:
            entry: Entry = dialect.targets[key]
            return None if entry is None else Hit(entry, dialect.name, key, sureness)
    return None


def _rank(hits: Iterable[Hit]) -> tuple[int, int]:
    """Dialects that know more columns come first, then those whose names are nearer."""
    follows = [hit for hit in hits if isinstance(hit.entry, Follow)]
    columns = {column for hit in follows for column in hit.entry.shares}
    return -len(columns), sum(hit.sureness for hit in follows)
