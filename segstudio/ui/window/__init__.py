"""What makes napari's window the program's: docks, menus, start page, guide, memory."""
