"""JUnit XML for test reports: a suite for each model, a case for each check, passed ones too."""

from __future__ import annotations

from xml.etree import ElementTree

from convcost.budget.verdicts import Checked, ModelCheck, Verdict
from convcost.formats._verdicts import location, sentence
from convcost.table import View
from convcost.units import printable

SUFFIX = ".xml"


def check(checked: Checked, view: View) -> str:
    root = ElementTree.Element("testsuites", name="convcost")
    for model in checked.models:
        suite = ElementTree.SubElement(root, "testsuite", name=printable(model.name), file=printable(model.source))
        for verdict in model.verdicts:
            _case(suite, model, verdict, checked.folder)
        if model.problem:
            case = ElementTree.SubElement(suite, "testcase", classname=printable(model.name), name="read")
            ElementTree.SubElement(case, "error", message=printable(model.problem.text))
        _count(suite)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _case(suite: ElementTree.Element, model: ModelCheck, verdict: Verdict, folder: str) -> None:
    name, text = printable(verdict.check), printable(sentence(model, verdict))
    case = ElementTree.SubElement(suite, "testcase", classname=printable(model.name), name=name)
    where = printable(str(location(model, verdict, folder)))
    if verdict.outcome == "fail":
        ElementTree.SubElement(case, "failure", message=text, type=verdict.asked).text = f"{where}: {text}"
    elif verdict.outcome == "unmeasured":
        ElementTree.SubElement(case, "error", message=text, type=verdict.asked).text = f"{where}: {text}"
    elif verdict.outcome == "skip":
        ElementTree.SubElement(case, "skipped", message=text)
    else:
        warning = "warning: " if verdict.outcome == "warn" else ""
        ElementTree.SubElement(case, "system-out").text = f"{warning}{where}: {text}"


def _count(suite: ElementTree.Element) -> None:
    suite.set("tests", str(len(suite)))
    for name, child in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(sum(case.find(child) is not None for case in suite)))
