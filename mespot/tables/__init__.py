"""Tables: sheets and workbooks, the index's tables, frame numbers, folds."""
