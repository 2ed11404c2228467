"""What ``import swayline as sw`` offers, for type checkers and editors; a test holds it equal to ``__init__.py``."""

from swayline.causal import estimate_effect as estimate_effect
from swayline.causal.policy.learn_policy import learn_policy as learn_policy
from swayline.core.errors import SwaylineError as SwaylineError
from swayline.core.showing.result import Result as Result
from swayline.events import EventLog as EventLog
from swayline.events import Paging as Paging
from swayline.events import ReadOptions as ReadOptions
from swayline.events import clean_log as clean_log
from swayline.events import read_events as read_events
from swayline.events import read_log as read_log
from swayline.events import write_log as write_log
from swayline.evolution import evolve as evolve
from swayline.evolution import forecast as forecast
from swayline.face.evaluation import evaluate as evaluate
from swayline.face.graphs import discover_graph as discover_graph
from swayline.face.people import choose_seeds as choose_seeds
from swayline.face.people import discover_ties as discover_ties
from swayline.face.privacy import anonymize as anonymize
from swayline.face.tables import attribute_paths as attribute_paths
from swayline.face.tables import features_as_of as features_as_of
from swayline.face.tables import qini as qini
from swayline.face.tables import read_ledger as read_ledger
from swayline.face.tables import search as search
from swayline.face.tables import simulate as simulate
from swayline.face.trust import trust_attack as trust_attack
from swayline.face.trust import trust_fairness as trust_fairness
from swayline.face.trust import trust_fraud as trust_fraud
from swayline.face.tuning import tune as tune
from swayline.face.why import person_page as person_page
from swayline.features.profiles import profiles as profiles
from swayline.influence.contagion import Contagion as Contagion
from swayline.influence.effects import BehaviorEffects as BehaviorEffects
from swayline.influence.network import PeopleInfluence as PeopleInfluence
from swayline.influence.predictor import InfluencePredictor as InfluencePredictor
from swayline.pipeline import RunSettings as RunSettings
from swayline.pipeline import run as run
from swayline.recommend import Chain as Chain
from swayline.recommend import Query as Query
from swayline.recommend import Recommender as Recommender
from swayline.recommend import SequenceRecommender as SequenceRecommender
from swayline.recommend import attribute_events as attribute_events
from swayline.report import write_report as write_report
from swayline.simulation import WorldSettings as WorldSettings
from swayline.simulation import write_world as write_world

__version__: str
