"""What stands where curves will be, and takes little of a window's height until then."""

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QWidget

LOWEST = 58  # the dock's own buttons need as much
NO_LIMIT = 2**24 - 1  # of Qt
EMPTY = "The loss and Dice of a training appear here as it runs; so do the runs ticked under Runs."


class CurvesHint(QLabel):
    """Says which curves will come."""

    def __init__(self) -> None:
        super().__init__(EMPTY)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)


def limit_height(widget: QWidget, *, is_needed: bool) -> None:
    """Let a widget be as high as the user likes, or, while it is not needed, as low as can be."""
    widget.setMaximumHeight(NO_LIMIT if is_needed else LOWEST)
