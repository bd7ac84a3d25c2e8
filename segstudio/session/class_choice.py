"""The class table of the open case: changed, chosen from, shown and hidden. Free of Qt."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from psygnal import Signal

from segstudio.core.errors import InputError
from segstudio.core.labels import ClassTable, LabelClass


class ClassChoice:
    """The classes that are painted with; the one source of their names and colours.

    Attributes
    ----------
    table : ClassTable
    chosen : int
        The class that is painted; 0 erases.
    hidden : frozenset of int
        Classes that are not drawn.
    """

    changed = Signal(ClassTable)  # by the user
    shown = Signal(ClassTable)  # of another case, or changed
    chosen_changed = Signal(int)
    hidden_changed = Signal(object)

    def __init__(self) -> None:
        self.table = ClassTable.named({})
        self.chosen = 1
        self.hidden: frozenset[int] = frozenset()
        self._removed = self.table
        self._brought: set[LabelClass] = set()  # rows that a step made, and nobody changed since

    def take(self, table: ClassTable) -> None:
        """Take the classes of another case."""
        self._removed = ClassTable.named({})
        self._show(table)

    def _show(self, table: ClassTable) -> None:
        self.table = table
        self.shown.emit(table)
        if self.chosen not in table.values[1:] and table.foreground:
            self.choose(table.foreground[0].value)

    def change(self, table: ClassTable) -> None:
        """Take a table that the user made of the one before."""
        if table != self.table:
            self._show(table)
            self.changed.emit(table)

    def add(self, name: str = "", color: str = "") -> LabelClass:
        """Add a class of the lowest free value, choose it and return it."""
        row = self.table.next_class
        row = replace(row, name=name or row.name, color=color or row.color)
        self.change(self.table.with_class(row))
        self.choose(row.value)
        return row

    def rename(self, value: int, name: str) -> None:
        """Give a class another name.

        Raises
        ------
        InputError
            The name is empty, cannot be printed, or is another class's.
        """
        name = name.strip()
        if not name or not name.isprintable():
            raise InputError("A class needs a name of letters that can be shown.")
        if any(c.name == name and c.value != value for c in self.table.classes):
            raise InputError(f"Another class has the name '{name}'. Choose a different one.")
        self.change(self.table.with_class(replace(self._row(value), name=name)))

    def recolor(self, value: int, color: str) -> None:
        """Give a class another colour, such as '#56b4e9'."""
        self.change(self.table.with_class(replace(self._row(value), color=color)))

    def remove(self, value: int) -> None:
        """Take a class out of the table; it has its name again if its voxels come back."""
        rows = [row for row in self.table.foreground if row.value == value]
        for row in rows:
            self._removed = self._removed.with_class(row)
        self.hide(self.hidden - {value})
        self.change(self.table.without(value))

    def name(self, value: int) -> str:
        """Return the name of a class, and of a value that is none."""
        return next((c.name for c in self.table.classes if c.value == value), f"class {value}")

    def choose(self, value: int) -> None:
        """Choose the class to paint."""
        if value != self.chosen:
            self.chosen = value
            self.chosen_changed.emit(value)

    def choose_row(self, row: int) -> None:
        """Choose a class by its row in the table, counted from 0; none where there is no such."""
        if row < len(self.table.foreground):
            self.choose(self.table.foreground[row].value)

    def choose_next(self) -> None:
        """Choose the class after the chosen one; the last stays."""
        later = [c.value for c in self.table.foreground if c.value > self.chosen]
        if later:
            self.choose(later[0])

    def hide(self, values: Iterable[int]) -> None:
        """Draw all classes but these."""
        self.hidden = frozenset(values)
        self.hidden_changed.emit(self.hidden)

    def name_values(self, values: Iterable[int]) -> None:
        """Add a class for each value that is none yet, as painting may bring them."""
        before = self.table.values
        self.change(self.table.with_values(values, self._removed))
        self._brought |= {row for row in self.table.classes if row.value not in before}

    def drop_brought(self, painted: Collection[int]) -> None:
        """Take out again what `name_values` added, where no voxel has it any more.

        What was given a name or a colour meanwhile stays.
        """
        table = self.table
        for row in self._brought & {*table.classes}:
            if row.value not in painted:
                table = table.without(row.value)
        self.change(table)
        self._brought &= {*table.classes}

    def keep_brought(self) -> None:
        """Keep what was added so far: other labels are painted now."""
        self._brought = set()

    def _row(self, value: int) -> LabelClass:
        for row in self.table.foreground:
            if row.value == value:
                return row
        raise InputError(f"There is no class of the value {value}.")
