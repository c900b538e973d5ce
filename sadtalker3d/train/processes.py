"""Training by several processes at once, as torchrun starts them: each draws its own batches, all share the steps."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Processes:
    """This process among the others; alone, nothing is exchanged."""

    rank: int = 0
    count: int = 1

    @classmethod
    def joined(cls) -> Processes:
        """Join the others when torchrun started this process; alone otherwise."""
        count = int(os.environ.get("WORLD_SIZE", "1"))
        if count == 1:
            return cls()
        import torch.distributed as dist

        if not dist.is_initialized():
            dist.init_process_group("gloo")
        return cls(dist.get_rank(), count)

    @property
    def leads(self) -> bool:
        """Whether this process writes the files and the log."""
        return self.rank == 0

    def average_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Give every process the mean of all processes' gradients."""
        if self.count > 1:
            self._average([p.grad for p in parameters if p.grad is not None])

    def average_buffers(self, net: nn.Module) -> None:
        """Give every process the mean of all running statistics: each has seen other batches."""
        if self.count > 1:
            self._average([buffer for buffer in net.buffers() if buffer.is_floating_point()])

    def slowest(self, value: float) -> float:
        """The largest value of all processes, so that all stop at the same step."""
        if self.count == 1:
            return value
        import torch
        import torch.distributed as dist

        shared = torch.tensor(value, dtype=torch.float64)
        dist.all_reduce(shared, op=dist.ReduceOp.MAX)
        return float(shared)

    def wait(self) -> None:
        """Go on when all processes have come here."""
        if self.count > 1:
            import torch.distributed as dist

            dist.barrier()

    def leave(self) -> None:
        """Nothing is exchanged after this."""
        if self.count > 1:
            import torch.distributed as dist

            dist.destroy_process_group()

    def _average(self, tensors: Sequence[Tensor]) -> None:
        import torch
        import torch.distributed as dist

        # one message instead of one a tensor
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        dist.all_reduce(flat)
        flat /= self.count
        first = 0
        for tensor in tensors:
            tensor.copy_(flat[first : first + tensor.numel()].view_as(tensor))
            first += tensor.numel()
