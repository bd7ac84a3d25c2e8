"""The program's own menu, its keys, and the panels that it shows."""

import nibabel as nib
import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QDialog, QDockWidget, QFileDialog, QMessageBox

from segstudio.ui.window import program_menus
from segstudio.ui.window.guide import GuideDialog
from segstudio.ui.window.program_actions import SAVE_LAYERS, ProgramActions, _napari_action
from segstudio.ui.window.program_menus import ProgramMenus
from segstudio.ui.window.shortcuts import ShortcutsDialog
from segstudio.viewer import orthogonal_views
from segstudio.viewer.stage import LABELS


@pytest.fixture
def menus(window) -> ProgramMenus:
    return window.main.findChild(ProgramMenus)


def press(window, key: Qt.Key, modifier: Qt.KeyboardModifier) -> None:
    with window._qtbot.waitActive(window.main):
        window.main.activateWindow()
    window._qtbot.keyClick(window.viewer.window._qt_viewer, key, modifier)


def test_ctrl_s_asks_once_where_the_labels_go_and_then_saves_there(
    window, hearts, tmp_path, monkeypatch
) -> None:
    window.session.open(hearts)
    asked = []
    target = tmp_path / "mine_gt.nii.gz"
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *a: (asked.append(a[2]), (str(target), ""))[1]
    )
    layer = window.studio.stage.layer(LABELS)
    values = []
    for value in (1, 2):
        layer.paint((0, 0, 0), value)
        press(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
        window.wait_for_saving()
        values.append(np.asarray(nib.load(target).dataobj)[0, 0, 0])

    assert values == [1, 2]
    assert len(asked) == 1
    assert not [text for text in window.said if "exist" in text]
    press(
        window,
        Qt.Key.Key_S,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    assert len(asked) == 2


def test_labels_of_another_case_that_came_into_view_meanwhile_are_not_saved(
    window, hearts, tmp_path, monkeypatch
) -> None:
    session = window.session
    session.open(hearts)
    first, second = (case.name for case in session.dataset.cases[:2])
    window.paint((1, 20, 20))
    target = tmp_path / "first_gt.nii.gz"

    def choose(*_: object) -> tuple[str, str]:
        session.show_case(second)  # it was being read when the dialog opened
        return str(target), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    window.main.findChild(ProgramActions).save.trigger()
    window.wait_for_saving()
    assert not target.exists()
    assert f"so nothing was written. Open '{first}' again" in window.said[-1]
    assert [painting.case.name for painting in session.unsaved] == [first]


def test_ctrl_s_is_napari_s_where_no_labels_of_a_case_are_open(window, monkeypatch) -> None:
    actions = window.main.findChild(ProgramActions)
    napari_s = _napari_action(window.main, SAVE_LAYERS)
    actions.save.trigger()
    window.viewer.add_image(np.zeros((4, 4)), name="mine")
    asked = []
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_, **__: (asked.append(1), ("", ""))[1]
    )
    actions.save.trigger()
    keys = napari_s.shortcut()
    napari_s.setShortcut(QKeySequence("Ctrl+S"))  # as when napari makes its menu anew

    assert window.said == ["There is nothing to save. Open a case and paint first."]
    assert asked == [1]
    assert keys.isEmpty()
    assert napari_s.shortcut().isEmpty()
    assert actions.save.shortcut() == QKeySequence("Ctrl+S")


def test_the_case_actions_go_through_the_cases(window, hearts) -> None:
    window.session.open(hearts)
    actions = window.main.findChild(ProgramActions)
    names = [case.name for case in window.session.dataset.cases]
    actions.next.trigger()
    window.wait_for_reading()
    second = window.session.open_case.case.name
    press(window, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ControlModifier)
    window.wait_for_reading()

    assert second == names[1]
    assert window.session.open_case.case.name == names[0]


def test_a_panel_that_was_hidden_or_closed_is_shown_again(window, menus) -> None:
    shown = {a.text().replace("&", ""): a for a in _show_menu(menus).actions()}
    panel = window.viewer.window.dock_widgets["Train"]
    panel.parent().destroyOnClose()
    window.main.findChild(QDockWidget, "Runs").hide()
    window._qtbot.wait(50)
    gone = "Train" not in window.viewer.window.dock_widgets
    shown["Train"].trigger()
    shown["Runs"].trigger()
    window._qtbot.wait(50)

    assert gone
    assert window.viewer.window.dock_widgets["Train"] is panel
    assert panel.parent().isVisible()
    assert not window.main.findChild(QDockWidget, "Runs").visibleRegion().isEmpty()
    main = window.main
    area = Qt.DockWidgetArea.RightDockWidgetArea
    panel.parent().setFloating(True)
    shown["Reset layout"].trigger()
    window._qtbot.wait(50)
    assert main.dockWidgetArea(panel.parent()) == area
    assert not panel.parent().isFloating()
    assert not window.main.findChild(QDockWidget, "Data").visibleRegion().isEmpty()


def test_a_panel_closed_for_good_does_not_outlive_its_window(window) -> None:
    window.viewer.window.dock_widgets["Runs"].parent().destroyOnClose()
    window._qtbot.wait(50)
    # The fixture looks for what is left.
    assert "Runs" not in window.viewer.window.dock_widgets


def test_help_holds_guide_shortcuts_and_about(window, menus, monkeypatch) -> None:
    told = []
    monkeypatch.setattr(QMessageBox, "about", lambda *a: told.append(a[2]))
    bar = {a.text().replace("&", ""): a.menu() for a in window.main.menuBar().actions()}
    first = [a for a in bar["Help"].actions() if not a.isSeparator()][:3]
    for action in first:
        action.trigger()
    guide = window.main.findChild(GuideDialog)
    keys = window.main.findChild(ShortcutsDialog)
    text = guide.text.toPlainText()
    for dialog in window.main.findChildren(QDialog):
        dialog.close()

    assert first == [menus.guide, menus.shortcuts, menus.about]
    assert "segstudio" in text
    assert "For research use only" in told[0]
    assert list(bar)[:2] == ["File", "segstudio"]
    keys_of = {action.text(): action for action in _all_actions(menus.menu)}
    assert all(a.statusTip() and a.toolTip() for a in keys_of.values())
    assert keys is not None


def test_every_action_and_key_is_found_in_the_list_of_shortcuts(window, menus) -> None:
    window.viewer.bind_key("Ctrl+F9", _note)
    menus.shortcuts.trigger()
    dialog = window.main.findChild(ShortcutsDialog)
    everything = dialog.shown()
    rows = [dialog.list.topLevelItem(i) for i in range(dialog.list.topLevelItemCount())]
    keys = {row.text(0): row.text(1) for row in rows}
    plain = {a.text().partition("\t")[0].replace("&", "") for a in _all_actions(menus.menu)}
    dialog.search.setText("ctrl+s lab")
    found = dialog.shown()
    dialog.close()

    assert plain <= set(everything)
    assert keys["Save labels"] == "Ctrl+S"
    assert keys["Next case"] == "Ctrl+PgDown"
    assert keys["Activate the paint brush"] == "2, P"
    assert "Ctrl+Z" in keys.values()
    assert keys["Command Palette"] == "Ctrl+Shift+P"
    assert keys["Note what is seen"] == "Ctrl+F9"
    assert "Save labels" in found
    assert "Next case" not in found


def _note(_viewer) -> None:
    """Note what is seen."""


def _show_menu(menus):
    return next(a.menu() for a in menus.menu.actions() if a.menu())


def _all_actions(menu):
    for action in menu.actions():
        if action.menu():
            yield from _all_actions(action.menu())
        elif not action.isSeparator():
            yield action


def test_the_preferred_reader_follows_the_menu(window, monkeypatch) -> None:
    chosen: list[bool] = []
    monkeypatch.setattr(program_menus, "prefer", chosen.append)
    menus = window.main.findChild(ProgramMenus)
    menus.reader.setChecked(False)
    menus.reader.trigger()
    menus.reader.trigger()
    assert chosen == [True, False]


def test_orthogonal_views_come_and_go_with_the_plugin(window, hearts) -> None:
    window.session.open(hearts)
    views = next(
        a for a in window.main.findChild(ProgramMenus).menu.actions() if "views" in a.text()
    )
    views.trigger()
    window.wait_for(lambda: is_shown(window.viewer), 30)
    window.paint((1, 20, 20))
    toggle_views(window)
    window.wait_for(lambda: not is_shown(window.viewer), 30)
    assert not window.said


def test_without_the_plugin_it_is_said_how_to_have_it(window, monkeypatch) -> None:
    monkeypatch.setattr(orthogonal_views, "PLUGIN", "napari-nobody-has-this")
    views = next(
        a for a in window.main.findChild(ProgramMenus).menu.actions() if "views" in a.text()
    )
    views.trigger()
    assert "which is not installed" in window.said[-1]


def toggle_views(window) -> None:
    actions = window.main.findChild(ProgramMenus).menu.actions()
    next(action for action in actions if "views" in action.text()).trigger()


def is_shown(viewer) -> bool:
    from napari_orthogonal_views.ortho_view_manager import _get_manager

    return bool(_get_manager(viewer).is_shown())
