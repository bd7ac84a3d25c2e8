"""The panels as napari makes them from its Plugins menu: each finds its viewer's studio."""

from typing import TYPE_CHECKING

from segstudio.ui.annotate.annotate_panel import AnnotatePanel
from segstudio.ui.compare.compare_panel import ComparePanel
from segstudio.ui.curves.curves_panel import CurvesPanel
from segstudio.ui.curves.timeline_panel import TimelinePanel
from segstudio.ui.data.data_panel import DataPanel
from segstudio.ui.distance.distance_panel import DistancePanel
from segstudio.ui.studio import studio_of
from segstudio.ui.train.runs_panel import RunsPanel
from segstudio.ui.train.train_panel import TrainPanel

if TYPE_CHECKING:
    from napari import Viewer


class Data(DataPanel):
    """The data panel of a viewer."""

    def __init__(self, napari_viewer: "Viewer") -> None:
        super().__init__(studio_of(napari_viewer).session)


class Annotate(AnnotatePanel):
    """The annotate panel of a viewer."""

    def __init__(self, napari_viewer: "Viewer") -> None:
        super().__init__(studio_of(napari_viewer).session)


class Distance(DistancePanel):
    """The distance panel of a viewer."""

    def __init__(self, napari_viewer: "Viewer") -> None:
        super().__init__(studio_of(napari_viewer).session)


class Train(TrainPanel):
    """The training panel of a viewer."""

    def __init__(self, napari_viewer: "Viewer") -> None:
        super().__init__(studio_of(napari_viewer).session)


class Curves(CurvesPanel):
    """The curves of a viewer."""

    def __init__(self, napari_viewer: "Viewer") -> None:
        super().__init__(studio_of(napari_viewer).session)


class Timeline(TimelinePanel):
    """The timeline of a viewer."""

    def __init__(self, napari_viewer: "Viewer") -> None:
        super().__init__(studio_of(napari_viewer).session)


class Runs(RunsPanel):
    """The runs panel of a viewer."""

    def __init__(self, napari_viewer: "Viewer") -> None:
        super().__init__(studio_of(napari_viewer).session)


class Compare(ComparePanel):
    """The compare panel of a viewer."""

    def __init__(self, napari_viewer: "Viewer") -> None:
        super().__init__(studio_of(napari_viewer).session)
