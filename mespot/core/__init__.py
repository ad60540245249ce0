"""What every room uses: errors, files, intervals, processes, the project's folders."""
