"""Floor 3: who does what next. Every recommender through one protocol, one artifact format, one contract test."""

from swayline.models.boosted_trees import BoostedTrees, BoostedTreesSettings
from swayline.models.content import Content, ContentSettings
from swayline.models.ease import EASE, EASESettings
from swayline.models.factorization_machine import FactorizationMachine, FactorizationMachineSettings
from swayline.models.gru import GRU, GRUSettings
from swayline.models.hybrid import Hybrid, HybridSettings
from swayline.models.implicit_als import ImplicitALS, ImplicitALSSettings
from swayline.models.item_knn import ItemKNN, ItemKNNSettings
from swayline.models.markov_chain import MarkovChain, MarkovChainSettings
from swayline.models.most_popular import MostPopular, MostPopularSettings
from swayline.models.naive_bayes import NaiveBayes, NaiveBayesSettings
from swayline.models.protocol import Recommender, Scores
from swayline.models.recent_popular import RecentPopular, RecentPopularSettings
from swayline.models.registry import create, load_model, names, reads_values, with_seed
from swayline.models.regression import LinearRegression, LogisticRegression, RegressionSettings
from swayline.models.sequence.settings import TransformerSettings
from swayline.models.topk import mask_seen, recommend, score_items, top_k
from swayline.models.transformer import Transformer
from swayline.models.user_knn import UserKNN, UserKNNSettings
from swayline.models.values import told_of_values, values_line

__all__ = [
    "EASE", "GRU", "BoostedTrees", "BoostedTreesSettings", "Content", "ContentSettings", "EASESettings",
    "FactorizationMachine", "FactorizationMachineSettings", "GRUSettings", "Hybrid", "HybridSettings", "ImplicitALS",
    "ImplicitALSSettings", "ItemKNN", "ItemKNNSettings", "LinearRegression", "LogisticRegression", "MarkovChain",
    "MarkovChainSettings", "MostPopular", "MostPopularSettings", "NaiveBayes", "NaiveBayesSettings", "RecentPopular",
    "RecentPopularSettings", "Recommender", "RegressionSettings", "Scores", "Transformer", "TransformerSettings",
    "UserKNN", "UserKNNSettings", "create", "load_model", "mask_seen", "names", "reads_values", "recommend",
    "score_items", "told_of_values", "top_k", "values_line", "with_seed",
]  # fmt: skip
