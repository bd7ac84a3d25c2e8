"""Messages over the image, in the real window."""

import warnings

from napari.utils.notifications import show_error, show_info
from qtpy.QtWidgets import QApplication, QDialog, QLineEdit
from shiboken6 import delete, isValid

from segstudio.ui.window.notices import Notice

LONG = (
    "'/a/folder/with/a/name/as/long/as/hospitals/give/them/patient_0001_frame12_gt.nii.gz' cannot "
    "be written: the folder may only be read. Choose another folder."
)


def test_a_long_message_is_seen_whole_and_lies_over_no_other(window) -> None:
    show_info("Saved.")
    show_error(LONG)
    first, second = Notice._instances[-2:]
    window._qtbot.wait(300)
    words = second.words

    assert words.heightForWidth(words.width()) <= words.height()
    assert words.text().replace("\u200b", "") == LONG
    assert words.sizeHint().width() <= second.width()
    assert not first.geometry().intersects(second.geometry())
    assert 0 <= second.y() < first.y()


def test_each_message_goes_in_its_time(window, monkeypatch) -> None:
    monkeypatch.setattr(Notice, "DISMISS_AFTER", 100)
    window.main.activateWindow()
    window.wait_for(window.main.isActiveWindow, 5)
    show_info("One.")
    show_info("Two.")
    told = Notice._instances[-2:]
    assert len(told) == 2
    window.wait_for(lambda: not set(told) & set(Notice._instances), 5)

    assert not any(isValid(notice) and notice.isVisible() for notice in told)


def test_a_message_told_while_a_dialog_is_in_front_goes_in_its_time(window, monkeypatch) -> None:
    monkeypatch.setattr(Notice, "DISMISS_AFTER", 100)
    dialog = QDialog(window.main)
    dialog.show()
    dialog.activateWindow()
    window.wait_for(dialog.isActiveWindow, 5)
    show_info("One.")
    told = Notice._instances[-1]
    window.wait_for(lambda: told not in Notice._instances, 5)
    dialog.close()

    assert not isValid(told) or not told.isVisible()


def test_a_message_waits_for_the_user_to_come_back(window, monkeypatch) -> None:
    monkeypatch.setattr(Notice, "DISMISS_AFTER", 100)
    monkeypatch.setattr(QApplication, "activeWindow", lambda: None)
    show_info("One.")
    told = Notice._instances[-1]
    window._qtbot.wait(500)
    waited = told in Notice._instances
    QApplication.instance().focusWindowChanged.emit(window.main.windowHandle())
    window.wait_for(lambda: told not in Notice._instances, 5)

    assert waited


def test_a_message_that_went_with_its_window_keeps_no_other_from_being_told(window) -> None:
    show_info("Of a window that is gone.")
    delete(Notice._instances[-1])
    show_info("Of this one.")

    assert [told.words.text() for told in Notice._instances] == ["Of this one."]


def test_a_message_that_goes_leaves_the_keyboard_where_it_is(window) -> None:
    find = window.panel("Data").findChild(QLineEdit)
    window.main.activateWindow()
    find.setFocus()
    window.wait_for(find.hasFocus, 5)
    show_info("Saved.")
    Notice._instances[-1].close()

    assert QApplication.focusWidget() is find


def test_napari_s_complaint_of_colours_is_not_told(window) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.warn("Conversion from CIE-LAB, via XYZ to sRGB color space", stacklevel=1)

    assert not told
