"""Speech: voice in the sound track of a video, and lips that speak, frame by frame."""
