"""Floor 3: who does what next. Every recommender through one protocol, one artifact format, one contract test."""

from swayline.models.item_knn import ItemKNN, ItemKNNSettings
from swayline.models.most_popular import MostPopular, MostPopularSettings
from swayline.models.protocol import Recommender, Scores
from swayline.models.recent_popular import RecentPopular, RecentPopularSettings
from swayline.models.registry import create, load_model, names, with_seed
from swayline.models.sequence.settings import TransformerSettings
from swayline.models.topk import mask_seen, recommend, score_items, top_k
from swayline.models.transformer import Transformer

__all__ = [
    "ItemKNN", "ItemKNNSettings", "MostPopular", "MostPopularSettings", "RecentPopular", "RecentPopularSettings",
    "Recommender", "Scores", "Transformer", "TransformerSettings", "create", "load_model",
    "mask_seen", "names", "recommend", "score_items", "top_k", "with_seed",
]  # fmt: skip
