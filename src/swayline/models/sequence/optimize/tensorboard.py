"""Training curves for TensorBoard (extra ``tune``)."""

from pathlib import Path

from swayline.core.extras import require
from swayline.models.sequence.optimize.epochs import Epoch, Watch


def to_tensorboard(folder: Path) -> Watch:
    """A watcher that writes loss, validation NDCG@10 and samples a second of every epoch to an event file.

    Raises
    ------
    MissingExtraError
        TensorBoard is not installed.
    """
    require("tensorboard", extra="tune")
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder))

    def watch(epoch: Epoch) -> None:
        for name, value in epoch.as_dict().items():
            if value is not None and name != "epoch":
                writer.add_scalar(f"train/{name}", value, epoch.epoch)
        writer.flush()

    return watch
