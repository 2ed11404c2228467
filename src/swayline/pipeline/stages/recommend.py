"""Recommend: everybody's list with reasons."""

import pyarrow.parquet as pq

from swayline.core.names import EXAMPLES_FILE, RECOMMENDATIONS_FILE
from swayline.core.storage.files import whole, write_json
from swayline.pipeline.workspace import Workspace
from swayline.recommend import Chain, Context, Query, examples


def recommend(work: Workspace) -> None:
    """The best next items of everybody, with reasons, and ten users to look at."""
    bundle = work.bundle
    names = bundle.dataset.users.names
    queries = [Query(user=names[row], k=work.settings.k) for row in bundle.served]
    lists = Chain().with_step("reasons").serve(Context(bundle), queries, may_be_empty=True)
    if lists.short:
        work.say("recommend", f"{len(lists.short):,} lists are short; the first: {lists.short[0]['why']}")
    with whole(work.folder / RECOMMENDATIONS_FILE) as temporary:
        pq.write_table(lists.table, temporary)
    write_json(work.folder / EXAMPLES_FILE, examples(bundle, work.settings.k, work.settings.seed))
