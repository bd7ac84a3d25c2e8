"""The data panel: opening, the table of cases, the check of a dataset, projects."""
