"""The form of each operation on labels: what it needs to know."""

from collections.abc import Callable

from qtpy.QtWidgets import QCheckBox, QComboBox

from segstudio.core.editing.islands import voxels_of
from segstudio.session import Session, operations
from segstudio.session.annotation_choices import Operation, Plane, Scope
from segstudio.ui.annotate.operation_form import OperationForm

_AXES = ("as they were taken (planes)", "from row to row", "from column to column")


class Interpolate(OperationForm):
    """Interpolation between labelled slices."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            "Interpolate between slices",
            "Paint a slice here and there; the slices between are filled by the shape of both "
            "neighbours. What is painted stays. With all classes, a slice that has any of them is "
            "taken for finished; a class that is painted on other slices has to be chosen.",
        )
        self.of = self.which()
        self.axis = self.choice(
            "Slices",
            {text: k for k, text in enumerate(_AXES)},
            "Along which axis slices follow: those in view, unless you choose others.",
        )
        self._in_view = self.annotation.plane.axis
        self.axis.setCurrentIndex(self.axis.findData(self._in_view))
        self.annotation.plane_changed.connect(self._follow_plane)

    def _follow_plane(self, plane: Plane) -> None:
        """Take the slices of a view that was turned; what was chosen since it was, stays."""
        if plane.axis != self._in_view:
            self._in_view = plane.axis
            self.axis.setCurrentIndex(self.axis.findData(plane.axis))

    def operation(self) -> Operation:
        """Return the interpolation."""
        return operations.interpolation(self.axis.currentData(), self.classes(self.of))


class Grow(OperationForm):
    """Growing from seeds."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            "Grow from seeds",
            "Paint some of each structure, and some of what is none of them as a class of its own "
            "(such as “other”). The seeds grow to the image's edges. You see it first.",
        )
        self.method = self.choice(
            "Method",
            {"watershed (fast)": "watershed", "random walker (closes gaps)": "random walker"},
            "Watershed follows edges. The random walker also closes gaps in them, for up to a "
            "million voxels.",
        )
        self.outside = QComboBox()
        self.outside.setToolTip("The class that marks what is none of the others; it is erased.")
        self.form.addRow("“Other” is", self.outside)
        self.reach = self.size_box("Reach around seeds", 10.0, "How far seeds may grow.")
        self.scope = self.scopes("volume", "plane")
        self.annotation.classes.shown.connect(self._list)
        self._list()

    def _list(self, *_: object) -> None:
        before = self.outside.currentData()
        self.outside.clear()
        self.outside.addItem("no class", None)
        for known in self.annotation.classes.table.foreground:
            self.outside.addItem(known.name, known.value)
        self.outside.setCurrentIndex(max(0, self.outside.findData(before)))

    def operation(self) -> Operation:
        """Return the growing."""
        return operations.growing(
            self.method.currentData(),
            scope=self.scope.currentData(),
            margin_mm=self.reach.value(),
            background=self.outside.currentData(),
        )


class Smooth(OperationForm):
    """Smoothing of outlines."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            "Smooth outlines",
            "Outlines get rounder, and classes that touch go on touching. What is thinner than "
            "the smoothing gets lost.",
        )
        self.of = self.which()
        self.size = self.size_box("Smoothing", 1.5, "Standard deviation, or radius of voting.")
        self.method = self.choice(
            "By",
            {"distance to the outline": False, "majority of the voxels around": True},
            "Distance gives the smoothest outlines; the majority keeps more of small parts.",
        )
        self.scope = self.scopes("volume", "planes", "plane")

    def operation(self) -> Operation:
        """Return the smoothing."""
        return operations.smoothing(
            self.size.value(),
            self.classes(self.of),
            scope=self.scope.currentData(),
            by_majority=self.method.currentData(),
        )


class Holes(OperationForm):
    """Filling of holes."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session, "Fill holes", "Background that the chosen class encloses becomes of the class."
        )
        self.scope = self.scopes("volume", "planes", "plane")

    def operation(self) -> Operation:
        """Return the filling."""
        return operations.hole_filling(self.expect_chosen(), scope=self.scope.currentData())


class Islands(OperationForm):
    """Pieces that are kept or removed."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            "Remove islands",
            "Pieces of the chosen class are removed; voxels that touch "
            "at a corner are of one piece.",
        )
        self.keep = self.choice(
            "Keep",
            {"the largest piece": True, "pieces from this size on": False},
            "What stays.",
        )
        self.size = self.size_box(
            "Smallest", 0.1, "How large a piece has to be, so that it stays.", unit="ml"
        )
        self.keep.currentIndexChanged.connect(self._enable)
        self.scope = self.scopes("volume", "plane")
        self._enable()

    def _enable(self, *_: object) -> None:
        self.size.setEnabled(not self.keep.currentData())

    def operation(self) -> Operation:
        """Return the removal."""
        scope: Scope = self.scope.currentData()
        if self.keep.currentData():
            return operations.keeping_largest(self.expect_chosen(), scope=scope)
        grid = self.annotation.expect_ground().volume.grid
        least = self.size.value()
        voxels = voxels_of(least, grid.spacing) if grid.unit == "mm" else round(least)
        return operations.removing_small(self.expect_chosen(), voxels, scope=scope)


class Margin(OperationForm):
    """Growing, shrinking, hollowing by mm."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            "Margin: grow, shrink, hollow",
            "The chosen class gets larger or smaller all "
            "round, or only its wall stays. It grows over background.",
        )
        self.how = self.choice(
            "Do", {"grow": 1, "shrink": -1, "hollow out": 0}, "What becomes of the class."
        )
        self.size = self.size_box("By, or wall", 3.0, "Less than a voxel changes nothing.")
        self.scope = self.scopes("volume", "plane")

    def operation(self) -> Operation:
        """Return the growing, shrinking or hollowing."""
        sign, scope = self.how.currentData(), self.scope.currentData()
        if not sign:
            return operations.hollowing(self.expect_chosen(), self.size.value(), scope=scope)
        return operations.margin(self.expect_chosen(), sign * self.size.value(), scope=scope)


class Copy(OperationForm):
    """Copying from a neighbouring slice."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            "Copy from the neighbouring slice",
            "What the slice before or after this one holds is laid over this one.",
        )
        self.of = self.which()
        self.step = self.choice(
            "From", {"the slice before": -1, "the slice after": 1}, "By the number of the slice."
        )

    def operation(self) -> Operation:
        """Return the copying."""
        step = self.step.currentData()
        return operations.copying(self.annotation.plane, step, self.classes(self.of))


class Split(OperationForm):
    """Splitting of touching pieces."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            "Split touching pieces",
            "Pieces of the chosen class are parted where they are narrow. The largest keeps the "
            "class, each other becomes a new one.",
        )
        self.waist = self.size_box(
            "Waist",
            1.0,
            "By how much it has to be narrower between two pieces; more splits less.",
        )

    def operation(self) -> Operation:
        """Return the splitting."""
        table = self.annotation.classes.table
        taken = table.values if table.ignore is None else (*table.values, table.ignore)
        return operations.splitting(self.expect_chosen(), self.waist.value(), taken)


class Corners(OperationForm):
    """Quadrilaterals by their corners."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            "Corners of vertebrae",
            "Click the four corners of a vertebra, in any order: it is filled with the chosen "
            "class. Press the button again to end.",
        )
        self.go_on = QCheckBox("The next vertebra is of the next class")
        self.go_on.setToolTip("After each vertebra the class in the next row is chosen.")
        self.go_on.toggled.connect(self._choose)
        self.form.addRow(self.go_on)

    def _choose(self, wanted: bool) -> None:
        self.annotation.corners_go_on = wanted


FORMS: tuple[Callable[[Session], OperationForm], ...] = (
    Interpolate,
    Grow,
    Smooth,
    Holes,
    Islands,
    Margin,
    Copy,
    Split,
    Corners,
)
