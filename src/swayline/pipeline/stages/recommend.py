"""Recommend: everybody's list with reasons, and what a scenario makes beside lists."""

import pyarrow as pa
import pyarrow.parquet as pq

from swayline.core.errors import DataError, UsageError
from swayline.core.names import EXAMPLES_FILE, ITEM, RANK, REASON, RECOMMENDATIONS_FILE, SCORE, USER
from swayline.core.storage.files import whole, write_json
from swayline.pipeline.stages.beside import write_tables
from swayline.pipeline.workspace import Workspace
from swayline.recommend import Chain, Context, Query, examples
from swayline.training.bundle import LIST_SOURCE


def recommend(work: Workspace) -> None:
    """The best next items of everybody, with reasons, ten users to look at, and the tables of a scenario."""
    bundle, settings = work.bundle, work.settings
    context = Context(bundle)
    if settings.chain is not None or settings.scenario is not None:
        context = Context(bundle, ties=work.log.ties, events=work.log.events)
    table = _lists(work, context)
    with whole(work.folder / RECOMMENDATIONS_FILE) as temporary:
        pq.write_table(table, temporary)
    own = table if settings.chain is not None or settings.scenario is not None else None
    write_json(work.folder / EXAMPLES_FILE, examples(bundle, settings.k, settings.seed, lists=own))
    write_tables(work, context)


def _lists(work: Workspace, context: Context) -> pa.Table:
    """Everybody's list; none at all, and why, where a step is missing that the scenario needs."""
    names = context.bundle.dataset.users.names
    queries = [Query(user=names[row], k=work.settings.k) for row in context.bundle.served]
    try:
        lists = _chain(work, context).serve(context, queries, may_be_empty=True)
    except (DataError, UsageError) as error:
        if work.settings.scenario is None or work.settings.chain is not None:
            raise
        work.say("recommend", f"no list is made, as scenario {work.settings.scenario.name} wants it: {error}")
        kinds = {RANK: pa.int64(), SCORE: pa.float64()}
        order = (USER, ITEM, RANK, SCORE, REASON, LIST_SOURCE)
        return pa.schema([(name, kinds.get(name, pa.string())) for name in order]).empty_table()
    if lists.short:
        work.say("recommend", f"{len(lists.short):,} lists are short; the first: {lists.short[0]['why']}")
    return lists.table


def _chain(work: Workspace, context: Context) -> Chain:
    """The steps: the settings' own, else the scenario's without those that this log cannot feed, else the usual."""
    settings = work.settings
    if settings.chain is not None:
        return _told(Chain.of_table(settings.chain, "chain"))
    if settings.scenario is None or settings.scenario.steps is None:
        return _told(Chain())
    chain, notes = settings.scenario.steps.fed(context, settings.scenario.needed)
    for note in notes:
        work.say("recommend", note)
    return _told(chain)


def _told(chain: Chain) -> Chain:
    """The chain with reasons: every list of a run has them."""
    return chain if "reasons" in chain.names else chain.with_step("reasons")
