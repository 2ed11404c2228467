"""A vocabulary of word pieces learned from the texts at hand, in any script, with nothing fetched from anywhere."""

from collections.abc import Sequence
from pathlib import Path

from swayline.core.errors import EmptyLogError
from swayline.core.extras import require

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, MASK = SPECIAL[0], SPECIAL[4]


def learn_vocabulary(texts: Sequence[str], size: int, path: Path) -> int:
    """Write a ``tokenizer.json`` of at most ``size`` word pieces (Chinese by the letter); returns how many it has.

    Raises
    ------
    EmptyLogError
        The texts hold no letter.
    """
    tokenizers = require("tokenizers", extra="text")
    require("tokenizers.trainers", extra="text")
    if not any(letter.isalnum() for text in texts for letter in text):
        raise EmptyLogError("the texts hold no letter to learn a vocabulary from")
    found = tokenizers.Tokenizer(tokenizers.models.WordPiece(unk_token=SPECIAL[1]))
    found.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True, handle_chinese_chars=True)
    found.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    trainer = tokenizers.trainers.WordPieceTrainer(
        vocab_size=size, min_frequency=2, special_tokens=list(SPECIAL), show_progress=False
    )
    found.train_from_iterator(texts, trainer)
    start, end = (found.token_to_id(token) for token in ("[CLS]", "[SEP]"))
    found.post_processor = tokenizers.processors.BertProcessing(("[SEP]", end), ("[CLS]", start))
    found.decoder = tokenizers.decoders.WordPiece()
    path.parent.mkdir(parents=True, exist_ok=True)
    found.save(str(path))
    return int(found.get_vocab_size())
