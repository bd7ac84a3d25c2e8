"""What a case's headers say of it, without a voxel being read."""

from dataclasses import dataclass

from segstudio.core.errors import InputError, sentence
from segstudio.data.cases import Case
from segstudio.data.formats import read_grid
from segstudio.data.placing import expect_same_grid


@dataclass(frozen=True)
class CaseHeader:
    """What the headers of a case's files say.

    Attributes
    ----------
    shape : (int, int, int) or None
        ``(Z, Y, X)``; None where the image cannot be read.
    spacing : (float, float, float) or None
        Along ``(Z, Y, X)``, in `unit`.
    unit : {'mm', 'voxels'}
    problem : str
        Why the image cannot be read, or why the labels do not fit it; empty where nothing is
        wrong.
    doubts : tuple of str
        What the image's header contradicts itself in.
    """

    shape: tuple[int, int, int] | None = None
    spacing: tuple[float, float, float] | None = None
    unit: str = ""
    problem: str = ""
    doubts: tuple[str, ...] = ()


def read_header(case: Case) -> CaseHeader:
    """Return what a case's headers say; a file that cannot be read is told, no error."""
    try:
        grid = read_grid(case.image)
    except (InputError, OSError) as error:
        return CaseHeader(problem=sentence(error))
    problem = ""
    if case.labels is not None and case.labels.suffix.lower() != ".mat":
        try:
            labels = read_grid(case.labels, content="labels")
            expect_same_grid(case.labels, labels, grid, f"its image '{case.image}'")
        except (InputError, OSError) as error:
            problem = sentence(error)
    return CaseHeader(grid.shape, grid.spacing, grid.unit, problem, grid.doubts)
