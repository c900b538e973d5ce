"""The generator on a CPU: the same function as `Generator.frame`, with under half of its multiplications.

The portrait is encoded once; spectral and batch norms are folded into the weights; the 3 x 3 convolutions run as
Winograd's F(4, 3), channels last and strip by strip, so that what one step writes is still in the cache for the
next; scales and shifts of SPADE are never stored; a convolution of an enlarged map reads the small one; the
7 x 7 x 7 convolution of the motion masks is a product of spectra. All of it is exact algebra: against the plain
modules frames differ by rounding.
"""

from sadtalker3d.render.facevid2vid.cpu.generator import CpuGenerator

__all__ = ["CpuGenerator"]
