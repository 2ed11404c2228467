"""One scanner of words for any script; TF-IDF keeps the words that tell texts apart."""

import numpy as np
import pytest

from swayline.numerics.tfidf import TfIdf, shared_words
from swayline.numerics.words import telling_words, words_of


def test_telling_words_are_lower_case_and_numbers_are_none():
    assert telling_words("GROẞE Straße_42: 7 x l'été") == ["grosse", "strasse", "l'été"]
    assert telling_words("東京 Tower東京") == ["東京", "tower", "東京"]
    assert telling_words("_" * 90 + "a" * 90) == []


def test_words_to_compare_have_no_accents_and_keep_numbers_and_letters():
    assert words_of("L'Été n° 5") == ["l", "ete", "n", "5"]
    assert words_of("東京A") == ["東", "京", "東京", "a"]
    assert words_of("") == words_of("…!") == []


def test_of_too_many_words_those_of_most_texts_are_kept_and_ties_go_by_the_alphabet():
    texts = [["b", "a", "c"], ["b", "a"], ["b", "c"], ["b", "d"]]
    assert shared_words(texts, 1, 3, max_words=1) == {"a": 2}
    assert list(shared_words(texts, 1, 4)) == ["a", "b", "c", "d"]
    assert shared_words(texts, 2, 3) == {"a": 2, "c": 2}


def test_a_word_that_comes_often_counts_its_logarithm_where_asked():
    weights = TfIdf(["a", "b"], np.ones(2))
    rows = [weights.vectors([["a", "a", "b"]], log_counts=asked).toarray()[0] for asked in (False, True)]
    assert [row[0] / row[1] for row in rows] == [pytest.approx(2.0), pytest.approx(1.0 + np.log(2.0))]


def test_a_text_without_known_words_is_a_row_of_zeros():
    weights = TfIdf.of([["a"], ["a", "b"]], 1, 2)
    assert weights.vectors([["z"], [], ["b"]]).toarray().tolist() == [[0.0, 0.0], [0.0, 0.0], [0.0, 1.0]]
