import torch

from sadtalker3d.render.facevid2vid.head_estimator import HeadEstimator, HeadEstimatorConfig
from sadtalker3d.render.facevid2vid.mapping import HeadMotion


def test_as_many_numbers_as_upstreams() -> None:
    with torch.device("meta"):
        count = sum(p.numel() for p in HeadEstimator().parameters())
    assert round(count / 1e6, 2) == 30.25  # sadtalker.md, section 10


def test_says_of_a_frame_what_mapping_net_says() -> None:
    net = HeadEstimator(HeadEstimatorConfig(first=8, stages=(8, 8, 16, 16), bottlenecks=(1, 1, 1, 1))).eval()
    motion = net(torch.rand(2, 3, 64, 64))
    assert isinstance(motion, HeadMotion)
    assert [tuple(values.shape) for values in motion] == [(2, 66), (2, 66), (2, 66), (2, 3), (2, 45)]
