"""Recommend: everybody's list with reasons."""

import pyarrow.parquet as pq

from swayline.core.names import EXAMPLES_FILE, RECOMMENDATIONS_FILE
from swayline.core.storage.files import whole, write_json
from swayline.pipeline.workspace import Workspace
from swayline.recommend import examples, with_reasons


def recommend(work: Workspace) -> None:
    """The best next items of everybody, with reasons, and ten users to look at."""
    bundle = work.bundle
    lists = bundle.recommend(k=work.settings.k)
    with whole(work.folder / RECOMMENDATIONS_FILE) as temporary:
        pq.write_table(with_reasons(bundle, lists), temporary)
    write_json(work.folder / EXAMPLES_FILE, examples(bundle, work.settings.k, work.settings.seed))
