from __future__ import annotations

import base64

import cv2
import numpy as np

from mespot.crops.archive import CropReader
from mespot.report.thumbnails import choose_crops, make_sprite
from tests.report.conftest import PAGE, grey_of


def test_a_micro_expression_in_a_long_video_is_not_between_two_thumbnails():
    time = np.arange(30 * 1800) / 30.0
    chosen = choose_crops(time, np.array([[900.0, 900.3]]), 60)
    assert len(chosen) <= 60 and (np.diff(chosen) > 0).all()
    inside = (time[chosen] >= 900.0) & (time[chosen] <= 900.3)
    assert inside.sum() >= 9
    assert np.diff(time[chosen]).max() < 1800 / 25  # and the rest is seen, too


def test_a_short_video_shows_every_crop():
    assert choose_crops(np.arange(20) / 30.0, np.zeros((0, 2)), 40).tolist() == list(range(20))


def test_the_sprite_holds_the_crop_of_each_time(archive):
    crops, time = CropReader(archive), np.arange(300) / 30.0
    sprite = make_sprite(crops, time, np.array([[4.0, 5.0]]), PAGE)
    assert len(sprite.time) <= PAGE.thumbnails
    data = np.frombuffer(base64.b64decode(sprite.url.split(",")[1]), np.uint8)
    sheet = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    size = sprite.size
    for place, moment in enumerate(sprite.time):
        top, left = size * (place // sprite.columns), size * (place % sprite.columns)
        grey = sheet[top + 4 : top + size - 4, left + 4 : left + size - 4].mean()
        assert abs(grey - grey_of(round(moment * 30))) < 3
    assert make_sprite(crops, time, np.array([[4.0, 5.0]]), PAGE).url == sprite.url
