"""Reception: producers hand submissions over; what is wrong is fixed here or returned.

A batch is opened, files come into its inbox, each submission is taken in, fixed or returned;
closing the batch makes the minutes of hand-over. Nothing in the inbox is ever changed:
corrections are laid over a copy.
"""

from archive.catalogue.reception import Batch, Item, ItemState
from archive.reception.fixing import Form, fix, form
from archive.reception.handover import (
    batch,
    batches,
    close,
    give_back,
    item,
    items,
    open_batch,
    paper,
    retry,
    take_in_all,
)
from archive.reception.uploads import (
    Upload,
    add_path,
    append,
    begin,
    checked_name,
    expect_room,
    receive,
)

__all__ = [
    "Batch",
    "Form",
    "Item",
    "ItemState",
    "Upload",
    "add_path",
    "append",
    "batch",
    "batches",
    "begin",
    "checked_name",
    "close",
    "expect_room",
    "fix",
    "form",
    "give_back",
    "item",
    "items",
    "open_batch",
    "paper",
    "receive",
    "retry",
    "take_in_all",
]
