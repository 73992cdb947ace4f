import torch


class StockWindows(torch.utils.data.Dataset):
    """Cut a table of days into windows: some days in a row, and the day after them.

        x_i = features[i : i + seq_length],    y_i = targets[i + seq_length]

    The last day is never an input and the first seq_length days are never a target,
    so 100 days and windows of 7 make 93 items.

    Args:
        features: float32 array, (days, num_features), oldest day first.
        targets: float32 array, (days, 1), what is to be predicted on each day.
        seq_length: number of days in a window.

    Item i:
        x: (seq_length, num_features), the days i to i + seq_length - 1.
        y: (1,), the target of day i + seq_length.

    Raises:
        ValueError: if features and targets differ in length, or no window of that
            length has a day after it.
    """

    def __init__(self, features, targets, seq_length: int):
        if len(features) != len(targets):
            raise ValueError(
                "StockWindows expects a target for each day of features, got "
                f"{len(features)} days and {len(targets)} targets"
            )
        if not 1 <= seq_length < len(features):
            raise ValueError(
                "StockWindows expects 1 <= seq_length < number of days = "
                f"{len(features)}, got seq_length = {seq_length}"
            )
        self.features = features
        self.targets = targets
        self.seq_length = seq_length

    def __len__(self):
        return len(self.features) - self.seq_length

    def __getitem__(self, index: int):
        if not 0 <= index < len(self):
            raise IndexError(
                f"StockWindows expects an index from 0 to {len(self) - 1}, got {index}"
            )
        after = index + self.seq_length  # the day whose target is asked for
        return self.features[index:after], self.targets[after]


class StockBatches(torch.utils.data.DataLoader):
    """Put windows into batches, in an order that the caller names.

    PyTorch and Keras draw different random numbers, so neither shuffles here: the
    same order makes the same batches in both. No random number is drawn. One epoch
    of `DataLoader(windows, batch_size, shuffle=True)` has this order:

        torch.empty((), dtype=torch.int64).random_()  # DataLoader's seed for workers
        order = list(torch.utils.data.RandomSampler(windows))

    Both lines draw from torch's global random numbers, so begin with the same
    torch.manual_seed; the next epoch runs them again. Keras's `fit` shuffles whole
    batches unless it gets shuffle=False.

    Args:
        windows: StockWindows.
        batch_size: number of windows in a batch.
        order: window numbers, in the order in which they are to come; a number may
            be left out or come twice.
        drop_last: whether to leave out a last batch that is not full.

    Iteration:
        x: float32, (batch, seq_length, num_features).
        y: float32, (batch, 1).

    Raises:
        ValueError: if batch_size is below 1, or order names a window that is not
            there.

    Source: `_BaseDataLoaderIter` in torch/utils/data/dataloader.py, `RandomSampler`
        in torch/utils/data/sampler.py.
    """

    def __init__(self, windows: StockWindows, batch_size: int, order, drop_last: bool):
        order = list(order)
        if batch_size < 1:
            raise ValueError(
                f"StockBatches expects batch_size >= 1, got batch_size = {batch_size}"
            )
        outside = [index for index in order if not 0 <= index < len(windows)]
        if outside:
            raise ValueError(
                f"StockBatches expects an order of windows 0 to {len(windows) - 1}, "
                f"got window {outside[0]}"
            )
        self.windows = windows
        self.batch_size = batch_size
        self.order = order
        self.drop_last = drop_last
        super().__init__(  # brings __len__ and __iter__, which Keras leaves to us
            windows,
            batch_size,
            sampler=order,
            drop_last=drop_last,
            generator=torch.Generator(),  # else each pass draws a global random number
        )
