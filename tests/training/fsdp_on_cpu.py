"""`training.train` with FSDP on processors, where accelerate only knows it on accelerators.

Started by torchrun in several processes, with what `accelerate launch` puts into the environment.
Accelerate's state takes up its FSDP plugin only where it finds GPUs or the like
(`AcceleratorState.__init__`), and else trains with whole copies; torch's own FSDP runs over gloo.
That one choice is made here; all else is the way that a run on GPUs takes.
"""

import sys
from typing import Any

from inference.start import prepare

prepare()

from accelerate.state import AcceleratorState, DistributedType, PartialState  # noqa: E402

from training.train import main  # noqa: E402

_initialise = AcceleratorState.__init__


def _with_fsdp(self: Any, *args: Any, fsdp_plugin: Any = None, **kwargs: Any) -> None:
    _initialise(self, *args, fsdp_plugin=fsdp_plugin, **kwargs)
    if fsdp_plugin is not None and self.distributed_type == DistributedType.MULTI_CPU:
        self.distributed_type = DistributedType.FSDP
        fsdp_plugin.set_mixed_precision(self._mixed_precision)
        self.fsdp_plugin = fsdp_plugin
        PartialState._shared_state["distributed_type"] = DistributedType.FSDP


if __name__ == "__main__":
    AcceleratorState.__init__ = _with_fsdp
    sys.exit(main())
