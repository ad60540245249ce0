"""Frames of videos: files, folders of pictures, random clips, lists and shards."""
