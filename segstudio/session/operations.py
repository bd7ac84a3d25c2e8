"""The operations on labels that are asked for by name, with what each needs to know."""

from collections.abc import Collection, Sequence

from segstudio.core.editing.box import full_box
from segstudio.core.editing.copying import copy_plane
from segstudio.core.editing.edit import Edit, edit_where
from segstudio.core.editing.holes import fill_holes
from segstudio.core.editing.interpolation import interpolate_planes
from segstudio.core.editing.islands import keep_largest_piece, remove_small_pieces
from segstudio.core.editing.margin import add_margin, hollow
from segstudio.core.editing.seeds import Method, grow_from_seeds, seed_box
from segstudio.core.editing.smoothing import smooth_by_distance, smooth_by_majority
from segstudio.core.editing.splitting import split_touching
from segstudio.core.errors import InputError
from segstudio.session.annotation_choices import Operation, Part, Plane, Scope

_ALL = (slice(None),) * 3


def interpolation(axis: int, classes: Sequence[int] | None = None) -> Operation:
    """Return the filling of gaps between labelled planes across an axis; of all classes if None."""

    def act(part: Part) -> Edit:
        return interpolate_planes(part.labels, part.spacing, axis=axis, classes=classes)

    return Operation(
        "Interpolation between slices",
        act,
        needs="It fills what is empty between two painted slices: paint one on either side.",
    )


def smoothing(
    millimetres: float,
    classes: Sequence[int] | None = None,
    *,
    scope: Scope = "volume",
    by_majority: bool = False,
) -> Operation:
    """Return the smoothing of outlines, by their signed distance or by the majority around."""
    smooth = smooth_by_majority if by_majority else smooth_by_distance

    def act(part: Part) -> Edit:
        return smooth(
            part.labels, part.spacing, millimetres, classes=classes, plane_axis=part.plane_axis
        )

    return Operation("Smoothing", act, scope)


def hole_filling(value: int, *, scope: Scope = "volume") -> Operation:
    """Return the filling of what a class encloses."""
    return Operation(
        "Filling holes",
        lambda part: fill_holes(part.labels, value, plane_axis=part.plane_axis),
        scope,
    )


def keeping_largest(value: int, *, scope: Scope = "volume") -> Operation:
    """Return the removal of all pieces of a class but the largest."""
    return Operation(
        "Keeping the largest piece", lambda part: keep_largest_piece(part.labels, value), scope
    )


def removing_small(value: int, smallest: int, *, scope: Scope = "volume") -> Operation:
    """Return the removal of the pieces of a class that have fewer voxels."""
    return Operation(
        "Removing small pieces",
        lambda part: remove_small_pieces(part.labels, value, smallest),
        scope,
    )


def margin(
    value: int, millimetres: float, *, over: Sequence[int] = (0,), scope: Scope = "volume"
) -> Operation:
    """Return the growing of a class by a margin, or its shrinking by a negative one."""
    return Operation(
        "Growing" if millimetres > 0 else "Shrinking",
        lambda part: add_margin(part.labels, value, millimetres, part.spacing, over=over),
        scope,
    )


def hollowing(value: int, wall_mm: float, *, scope: Scope = "volume") -> Operation:
    """Return the removal of all of a class but the wall along its outline."""
    return Operation(
        "Hollowing", lambda part: hollow(part.labels, value, wall_mm, part.spacing), scope
    )


def splitting(value: int, waist_mm: float, taken: Collection[int] = ()) -> Operation:
    """Return the parting of touching pieces of a class, each a class of its own afterwards.

    Those are none of the values that are taken: a piece must not become what has a name already.
    """
    return Operation(
        "Splitting",
        lambda part: split_touching(part.labels, value, part.spacing, waist_mm, taken=taken),
    )


def copying(plane: Plane, step: int, classes: Sequence[int] | None = None) -> Operation:
    """Return the copying into a plane of what a neighbour holds, `step` planes away."""
    source = plane.index + step

    def act(part: Part) -> Edit:
        if not 0 <= source < part.labels.shape[plane.axis]:
            raise InputError("There is no slice on that side to copy from: this is the last one.")
        return copy_plane(part.labels, source, plane.index, axis=plane.axis, classes=classes)

    return Operation("Copying a slice", act)


def growing(
    method: Method = "watershed",
    *,
    scope: Scope = "volume",
    margin_mm: float = 10.0,
    background: int | None = None,
) -> Operation:
    """Return the growing of what is painted along the image's edges, to be looked at first.

    Parameters
    ----------
    method : {'watershed', 'random walker'}
    scope : {'plane', 'volume'}
    margin_mm : float
        How far around the seeds it reaches.
    background : int, optional
        The class that marks what is none of the others.
    """

    def act(part: Part) -> Edit:
        box = seed_box(part.labels, part.spacing, margin_mm)
        return grow_from_seeds(
            part.labels,
            part.image,
            part.spacing,
            method=method,
            box=box,
            allowed=part.allowed(box),
            background=background,
        )

    return Operation("Growing from seeds", act, scope, has_preview=True)


def clearing(value: int, *, scope: Scope = "volume") -> Operation:
    """Return the erasing of a class."""

    def act(part: Part) -> Edit:
        box = full_box(_ALL, part.labels.shape)
        return edit_where(part.labels, box, part.labels == value, 0)

    return Operation("Clearing", act, scope)
