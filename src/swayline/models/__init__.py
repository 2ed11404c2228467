"""Floor 3: who does what next. Every recommender through one protocol, one artifact format, one contract test."""

from swayline.models.behavior.classifier import Classifier
from swayline.models.classical.boosted_trees import BoostedTrees, BoostedTreesSettings
from swayline.models.classical.content import Content, ContentSettings
from swayline.models.classical.ease import EASE, EASESettings
from swayline.models.classical.factorization_machine import FactorizationMachine, FactorizationMachineSettings
from swayline.models.classical.gru import GRU, GRUSettings
from swayline.models.classical.hybrid import Hybrid, HybridSettings
from swayline.models.classical.implicit_als import ImplicitALS, ImplicitALSSettings
from swayline.models.classical.item_knn import ItemKNN, ItemKNNSettings
from swayline.models.classical.markov_chain import MarkovChain, MarkovChainSettings
from swayline.models.classical.most_popular import MostPopular, MostPopularSettings
from swayline.models.classical.naive_bayes import NaiveBayes, NaiveBayesSettings
from swayline.models.classical.recent_popular import RecentPopular, RecentPopularSettings
from swayline.models.classical.regression import LinearRegression, LogisticRegression, RegressionSettings
from swayline.models.classical.rules import Rule, Rules, RulesSettings
from swayline.models.classical.user_knn import UserKNN, UserKNNSettings
from swayline.models.own import OwnModel, wrapped
from swayline.models.protocol import Recommender, Scores
from swayline.models.purposes import purpose
from swayline.models.registry import create, load_model, names, reads_values, with_seed
from swayline.models.sequence.settings import TransformerSettings
from swayline.models.sequence.transformer import Transformer
from swayline.models.topk import mask_seen, recommend, score_items, top_k
from swayline.models.value_prediction import create_value_model, held_out_values, value_model_names
from swayline.models.values import told_of_values, values_line

__all__ = [
    "EASE", "GRU", "BoostedTrees", "BoostedTreesSettings", "Classifier", "Content", "ContentSettings", "EASESettings",
    "FactorizationMachine", "FactorizationMachineSettings", "GRUSettings", "Hybrid", "HybridSettings",
    "ImplicitALS", "ImplicitALSSettings", "ItemKNN", "ItemKNNSettings", "LinearRegression", "LogisticRegression",
    "MarkovChain", "MarkovChainSettings", "MostPopular", "MostPopularSettings", "NaiveBayes", "NaiveBayesSettings",
    "OwnModel", "RecentPopular", "RecentPopularSettings", "Recommender", "RegressionSettings", "Rule", "Rules",
    "RulesSettings", "Scores",
    "Transformer", "TransformerSettings", "UserKNN", "UserKNNSettings", "create", "create_value_model",
    "held_out_values", "load_model", "mask_seen", "names", "purpose", "reads_values", "recommend", "score_items",
    "told_of_values", "top_k", "value_model_names", "values_line", "with_seed", "wrapped",
]  # fmt: skip
