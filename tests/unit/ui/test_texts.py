"""Codes become sentences: every code of the algorithms has one, in both languages."""

import pytest

from ml.customers.reasons import CODES, REASONS
from ml.customers.segments import NAMES
from ml.evaluation.metrics import METRICS
from ml.evaluation.promotion import REASONS as DECISIONS
from ml.i18n import LANGUAGES, gate, reasons, translator
from ml.i18n.figures import Formatter
from ml.i18n.names import PREDICTORS as PREDICTOR_NAMES
from ml.predictors import PREDICTORS, predictor_class
from ui import records, texts
from ui.glossary import TERMS, term


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("group", REASONS, ids=lambda group: group.raises)
def test_every_reason_is_a_sentence(group, language):
    f = Formatter(translator(language))
    for code in (group.raises, group.lowers):
        said = reasons.clause(f, {"code": code, "params": dict.fromkeys(group.facts, 12.0)})
        assert said and "{" not in said and "12" in said


def test_no_reason_is_left_over():
    assert set(reasons.REASONS) == set(CODES)


def test_reasons_make_one_sentence_or_fall_back_to_the_silence():
    f = Formatter(translator("es"))
    late = {"code": "late_for_own_rhythm", "params": {"days_since_last_order": 21.0, "typical_gap_days": 9.0}}
    few = {"code": "few_orders_so_far", "params": {"orders": 3.0, "age_days": 90.0}}
    assert reasons.sentence(f, [late, few], 21, 9) == "Pide cada 9 días, van 21; pedidos hasta ahora: 3"
    assert reasons.sentence(f, [late, few], 21, 9, most=1) == "Pide cada 9 días, van 21"
    assert reasons.sentence(f, [], 21, 9) == "Pide cada 9 días, van 21"
    assert reasons.sentence(f, [{"code": "unknown"}], 21, float("nan")) == "21 días sin pedir"


def test_every_predictor_measure_segment_and_metric_has_its_words():
    names = [name for name, _ in PREDICTORS]
    for table in (PREDICTOR_NAMES, texts.QUESTIONS, texts.NEEDS):
        assert set(table) == set(names)
    assert {name for names in NAMES.values() for name in names} == set(texts.SEGMENTS) == set(texts.ADVICE)
    assert set(records.METRICS) == {name for name in METRICS if not name.startswith(("interval", "pinball"))}
    measures = {measure.name for name in names for measure in predictor_class(name).measures}
    assert measures <= set(records.MEASURES)
    rules = {measure.baseline for name in names for measure in predictor_class(name).measures if measure.baseline}
    assert rules == set(records.RULES)


def test_every_reason_of_the_gate_has_its_words_in_both_languages():
    assert set(DECISIONS) == set(gate.SENTENCES)
    names = "challenger champion baseline cutoffs segment said came now before auc implied r2 size limit rows checked seconds note problem"
    params = dict.fromkeys(names.split(), 0.123) | {"measure": "orders", "metric": "mase", "table": "orders"}
    for language in LANGUAGES:
        for code in gate.SENTENCES:
            told = gate.say(Formatter(translator(language)), {"code": code, "params": params}, lambda _kind, name: name)
            assert told and "{" not in told, (language, code)
    assert gate.say(Formatter(translator("es")), {"code": "of another version"}, lambda _kind, name: name) == ""


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_technical_word_is_explained_in_two_sentences(name, language):
    said = term(translator(language), name).replace("0.03", "").replace("0.25", "")
    assert said.count(". ") + said.endswith(".") == 2, said


def test_a_caution_names_its_numbers():
    said = texts.caution(translator("es"), {"code": "short_history", "params": {"days": 40, "needed": 56}})
    assert "40 de 56 días" in said and "faltan 16" in said
    assert texts.caution(translator("es"), None) == ""
