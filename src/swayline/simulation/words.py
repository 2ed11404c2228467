"""The words of the shop: ten topics, each with its things, its materials and its manner of speaking."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """A latent topic: things it sells (one a category), words that qualify them, words that describe them."""

    name: str
    things: tuple[str, ...]
    qualities: tuple[str, ...]
    uses: tuple[str, ...]


def _topic(name: str, things: str, qualities: str, uses: str) -> Topic:
    return Topic(name, *(tuple(word.strip() for word in words.split(",")) for words in (things, qualities, uses)))


TOPICS = (
    _topic("home", "Desk Lamp, Bookshelf, Wool Rug, Armchair, Wall Mirror, Side Table",
           "Walnut, Oak, Linen, Brass, Rattan, Ash, Velvet, Marble",
           "a quiet reading corner, a small flat, a warm hallway"),
    _topic("kitchen", "Chef Knife, Frying Pan, Tea Kettle, Mixing Bowl, Cutting Board, Coffee Grinder",
           "Copper, Enamel, Steel, Ceramic, Bamboo, Porcelain, Iron, Glass",
           "slow Sunday cooking, fresh bread, a busy stove"),
    _topic("garden", "Watering Can, Pruning Shears, Herb Planter, Seed Box, Garden Bench, Compost Bin",
           "Terracotta, Cedar, Zinc, Willow, Teak, Clay, Mossy, Galvanised",
           "tomatoes on a balcony, roses, a wild border"),
    _topic("running", "Running Shoes, Rain Shell, Training Shorts, Sports Watch, Head Torch, Water Belt",
           "Featherlight, Breathable, Trail, Reflective, Cushioned, Carbon, Marathon, Windproof",
           "long trail runs, interval training, a first marathon"),
    _topic("books", "Crime Novel, Travel Guide, Poetry Volume, History Atlas, Cook Book, Picture Book",
           "Nordic, Illustrated, Annotated, Pocket, Victorian, Award Winning, Forgotten, Collected",
           "a long train ride, rainy evenings, curious readers"),
    _topic("audio", "Headphones, Turntable, Studio Monitor, Radio, Microphone, Record Case",
           "Wireless, Analog, Noise Cancelling, Vintage, Stereo, Portable, Acoustic, Valve",
           "late night listening, home recording, jazz on vinyl"),
    _topic("camping", "Dome Tent, Sleeping Bag, Camp Stove, Hiking Pack, Folding Chair, Water Filter",
           "Alpine, Ultralight, Waterproof, Insulated, Expedition, Canvas, Down, Four Season",
           "a week in the mountains, snow camping, river trips"),
    _topic("beauty", "Face Serum, Hand Cream, Hair Oil, Lip Balm, Clay Mask, Bath Salt",
           "Rose, Argan, Lavender, Aloe, Honey, Vitamin, Almond, Chamomile",
           "dry skin, a calm evening, sensitive hands"),
    _topic("toys", "Building Blocks, Puzzle, Plush Bear, Train Set, Board Game, Kite",
           "Wooden, Colourful, Magnetic, Giant, Musical, Dinosaur, Space, Pirate",
           "rainy afternoons, birthday parties, small inventors"),
    _topic("pets", "Dog Leash, Cat Tree, Bird Feeder, Fish Tank, Dog Bed, Cat Toy",
           "Braided, Orthopaedic, Plush, Sisal, Washable, Feathered, Chew Proof, Catnip",
           "a restless puppy, an old cat, curious kittens"),
)  # fmt: skip

LINES = (
    "Harbor", "Juniper", "Aurora", "Meadow", "Summit", "Willow", "Ember", "Coast", "Nimbus", "Orchard",
    "Fjord", "Canyon", "Linden", "Maple", "Quartz", "Raven", "Sparrow", "Tundra", "Vista", "Zephyr",
)  # fmt: skip
"""Product lines, which say nothing about the topic."""

CITIES = (
    ("London", 51.507, -0.128, 9.0), ("Paris", 48.857, 2.352, 7.0), ("Berlin", 52.520, 13.405, 4.0),
    ("Madrid", 40.417, -3.704, 4.0), ("Rome", 41.903, 12.496, 3.0), ("Vienna", 48.208, 16.373, 2.0),
    ("Warsaw", 52.230, 21.012, 2.0), ("Lisbon", 38.722, -9.139, 1.5), ("Stockholm", 59.329, 18.069, 1.5),
    ("Athens", 37.984, 23.728, 1.5), ("Dublin", 53.349, -6.260, 1.0), ("Oslo", 59.914, 10.752, 1.0),
)  # fmt: skip
"""Name, latitude, longitude (degrees), weight."""
