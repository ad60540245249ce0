"""Speech: voice in the sound track of a video, frame by frame."""
