"""Every finding that the code can make has its sentence, and every sentence its finding."""

import re
from pathlib import Path

import ml.source
from ml.source.finding_texts import ACTIONS, FINDINGS, sentence
from ml.source.findings import Finding, finding_from

HERE = Path(ml.source.__file__).parent


def test_codes_and_sentences_belong_together() -> None:
    source = "\n".join(path.read_text() for path in HERE.glob("*.py") if path.name != "finding_texts.py")
    for code in FINDINGS:
        assert f'"{code}"' in source, f"no finding has the code {code}"
    made = set(re.findall(r'Finding\(\s*"(\w+)"', source)) | set(
        re.findall(r'"([a-z_]+)",\s*"(?:kept|corrected|emptied|created|noted)"', source)
    )
    made |= set(re.findall(r'(?:isna\(\)|wrong|future|== 0|< 0|\)),\s*"([a-z]+_[a-z_]+)",\s*"', source))
    assert made - set(ACTIONS) - {"order_id"} == made & set(FINDINGS), made - set(FINDINGS)


def test_a_sentence_is_filled_from_the_params() -> None:
    finding = Finding("columns_absent", "orders", 2, "noted", params={"columns": ["a", "b"]})
    assert sentence(finding) == "The source does not have the columns a, b."


def test_a_finding_survives_being_written_down() -> None:
    finding = Finding("excluded", "orders", 2, "left_out", ("1",), {"column": "x", "value": "C*"})
    assert finding_from(finding.as_dict()) == finding


def test_every_finding_is_documented() -> None:
    page = (HERE.parent.parent / "docs" / "data-mapping.md").read_text()
    assert [code for code in FINDINGS if f"| `{code}`: " not in page] == []
