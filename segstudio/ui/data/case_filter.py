"""Which cases of the table are shown, and in which order."""

from qtpy.QtCore import QModelIndex, QSortFilterProxyModel, Qt

from segstudio.ui.data.case_model import CaseModel, Key


class CaseFilter(QSortFilterProxyModel):
    """Sorts by any column and keeps the cases that have every word looked for.

    Rows move only when `refresh` is called: while facts come in by the hundred, a table that
    sorted itself at each would do nothing else.

    Parameters
    ----------
    model : CaseModel
        All cases.
    """

    def __init__(self, model: CaseModel) -> None:
        super().__init__()
        self._model = model
        self._wanted: tuple[str, ...] = ()
        self._keys: list[Key] = []
        self.setDynamicSortFilter(False)
        self.setSourceModel(model)

    def look_for(self, text: str) -> None:
        """Keep the cases that have every word of a text."""
        self._wanted = tuple(text.lower().split())
        self.refresh()

    def refresh(self) -> None:
        """Sort and choose anew."""
        self._take_keys(self.sortColumn())
        self.invalidate()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; by none, for -1."""
        self._take_keys(column)
        super().sort(column, order)

    def _take_keys(self, column: int) -> None:
        self._keys = self._model.keys(column) if column >= 0 else []

    def filterAcceptsRow(self, row: int, _parent: QModelIndex) -> bool:  # noqa: N802
        """Return whether a case has every word looked for."""
        case = self._model.case(row)
        states = {word: self._model.is_true(case, word) for word in self._wanted}
        searched = [word for word, is_true in states.items() if is_true is None]
        if False in states.values():
            return False
        words = self._model.words(case) if searched else ""
        return all(word in words for word in searched)

    def lessThan(self, left: QModelIndex, right: QModelIndex) -> bool:  # noqa: N802
        """Return whether a row comes before another; what is not known is last either way."""
        if max(left.row(), right.row()) >= len(self._keys):
            return bool(left.row() < right.row())
        first, second = self._keys[left.row()], self._keys[right.row()]
        if first is None or second is None:
            known = second if first is None else first
            comes_first = first is not None
            is_ascending = self.sortOrder() == Qt.SortOrder.AscendingOrder
            return known is not None and comes_first == bool(is_ascending)
        return bool(first < second)
