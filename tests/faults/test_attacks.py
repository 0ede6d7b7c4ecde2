"""Attacks: what an input tries, and what becomes of it. None may run anything, or show what is in another file."""

from __future__ import annotations

import os
import pickle
import re
import signal
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from deckgen.cli import main

GapXml = Callable[..., str]

CANARY = "PWNED"
SECRET = "root:x:0:0"
RUN = f"touch {CANARY}"
STUDY = """
[study]
name = "attacked"
[cluster]
{cluster}
[potential]
{potential}
[ladder]
temperatures_K = [100, 150, 200]
[nvt]
duration_ps = 2
"""
NA13 = 'element = "Na"\nsize = 13'
GUPTA = 'name = "na-gupta"'
GAP = 'kind = "gap"\nfile = "gap.xml"'
HANGS_S = 60
LAUGHS = "".join(f'<!ENTITY l{k + 1} "{f"&l{k};" * 10}">' for k in range(9))


@dataclass(frozen=True)
class Attack:
    """An input, what it tries, and the words that refuse it."""

    tries: str
    says: str
    study: str = STUDY.format(cluster=NA13, potential=GAP)
    xml: dict[str, str] | None = None
    raw_xml: Callable[[str], bytes] = str.encode
    template: str = ""
    structure: str = ""


def lammps(style: str = "lj/cut 30.0", coefficients: str = "* * 0.01 3.4") -> str:
    return STUDY.format(
        cluster=NA13, potential=f'kind = "lammps"\npair_style = "{style}"\npair_coeff = ["{coefficients}"]'
    )


def gap(**parts: str) -> Attack:
    return Attack(parts.pop("tries"), parts.pop("says"), xml=parts)


def xml(tries: str, says: str, change: Callable[[str], bytes]) -> Attack:
    return Attack(tries, says, raw_xml=change)


def template(text: str, says: str = r"nvt\.in\.j2:\d+: .*(unsafe|undefined|has no attribute)") -> Attack:
    study = STUDY.format(cluster=NA13, potential=GUPTA)
    return Attack("a template reaches Python", says, study=study, template=text)


def named(name: str, says: str) -> Attack:
    study = STUDY.format(cluster=NA13, potential=f'kind = "gap"\nfile = {name}')
    return Attack("the name of the potential's file is more than a name", says, study=study)


def with_more(element: str) -> Callable[[str], bytes]:
    return lambda text: text.replace("</GAP_1>", f"{element}</GAP_1>").encode()


def declared(encoding: str) -> Callable[[str], bytes]:
    return lambda text: f'<?xml version="1.0" encoding="{encoding}"?>\n{text}'.encode()


def with_doctype(inside: str, entity: str) -> Callable[[str], bytes]:
    return lambda text: f"<!DOCTYPE GAP_1 {inside}>\n{text.replace('distance_2b', entity)}".encode()


PLAIN_WORD = "is not a plain word"
ATTACKS = [
    # the label stands in the deck
    gap(tries="a label ends its command", says=PLAIN_WORD, label=f"GAP_1&quot; 11&#10;shell {RUN}&#10;#"),
    gap(tries="a label closes its quotes", says=PLAIN_WORD, label="GAP_1&quot; 11 &quot;"),
    gap(tries="a label joins the next line", says=PLAIN_WORD, label="GAP_1&quot; 11 &amp;"),
    gap(tries="a label opens three quotes", says=PLAIN_WORD, label="&quot;&quot;&quot;"),
    gap(tries="a label is a formula", says=PLAIN_WORD, label="$(step)"),
    gap(tries="a label is a variable", says=PLAIN_WORD, label="${n_steps}"),
    gap(tries="a label has two words", says=PLAIN_WORD, label="GAP_1 command=x"),
    gap(tries="a label has a line separator", says=PLAIN_WORD, label="GAP_1&#x2028;shell"),
    # QUIP runs what init_args says
    gap(tries="QUIP's FilePot runs a command", says="init_args.*'FilePot'", init_args=f"FilePot command={{{RUN}}}"),
    gap(tries="the same, as a logical", says="init_args.*'FilePot'", init_args=f"IP GAP FilePot=T command={{{RUN}}}"),
    gap(
        tries="the same, within a sum",
        says="init_args.*'FilePot'",
        init_args=f"Sum init_args_pot1={{IP GAP label=GAP_1}} init_args_pot2={{FilePot command={{{RUN}}}}}",
    ),
    gap(tries="a potential that calls back", says="init_args.*'CallbackPot'", init_args="CallbackPot"),
    gap(tries="a potential of a server", says="init_args.*'SocketPot'", init_args="SocketPot server_ip=10.0.0.1"),
    gap(tries="a library of KIM", says="init_args.*'KIM'", init_args="IP KIM KIM_Model_name=evil"),
    xml(
        "QUIP finds a potential by another name",
        "has a namespace",
        with_more(f'<x:Potential xmlns:x="x" init_args="FilePot command={RUN}"/>'),
    ),
    xml(
        "a second potential with the label",
        "init_args.*'FilePot'",
        with_more(f'<Potential label="GAP_1" init_args="FilePot command={RUN}"/>'),
    ),
    # what an xml can name
    xml("an entity reads a file", "has a document type", with_doctype('[<!ENTITY s SYSTEM "../secret">]', "&s;")),
    xml("the document type is a file", "has a document type", with_doctype('SYSTEM "../secret"', "distance_2b")),
    xml("a parameter entity", "has a document type", with_doctype('[<!ENTITY % s SYSTEM "../secret"> %s;]', "&s;")),
    xml("a billion laughs", "has a document type", with_doctype(f'[<!ENTITY l0 "ha">{LAUGHS}]', "&l9;")),
    xml("an entity that is not there", "not a complete XML file", with_more("&s;")),
    gap(tries="sparse points in another folder", says="not the name of a file beside it", sparse="../secret"),
    gap(tries="sparse points at a place of their own", says="not the name of a file beside it", sparse="/etc/passwd"),
    gap(tries="sparse points behind a backslash", says="not the name of a file beside it", sparse="..\\secret"),
    gap(tries="sparse points are the folder", says="not the name of a file beside it", sparse=".."),
    gap(tries="sparse points on two lines", says="not the name of a file beside it", sparse="sparse&#10;shell"),
    gap(tries="sparse points are a link out", says="not a file of numbers", sparse="link"),
    gap(tries="sparse points are a pipe", says="a pipe, not a file", sparse="pipe"),
    gap(tries="sparse points are a deck's own", says="a deck has a file log.lammps of its own", sparse="log.lammps"),
    # elements and numbers
    gap(tries="no element", says="e0 Z='500' is no element", Z="500"),
    gap(tries="an element counted from the end", says="e0 Z='-3' is no element", Z="-3"),
    gap(tries="an element between two", says="e0 Z='11.5' is no element", Z="11.5"),
    gap(tries="a huge element", says="e0 Z='1e300' is no element", Z="1e300"),
    gap(tries="an endless element", says=r"e0 Z='9{60}'\.\.\. is not a number", Z="9" * 5000),
    gap(tries="no element in a descriptor", says="descriptor Z='500' is no element", species="Z1=500 Z2=11"),
    gap(tries="a negative one in a descriptor", says="descriptor Z='-3' is no element", species="Z1=-3 Z2=11"),
    gap(tries="a list of none", says="descriptor Z='119' is no element", species="species_Z={11 119}"),
    gap(tries="more sparse points than memory", says="n_sparseX='1e300' is no count", n_sparse="1e300"),
    gap(tries="a negative count", says="n_sparseX='-1' is no count", n_sparse="-1"),
    xml("an unknown encoding", "encoding is 'utf-99'", declared("utf-99")),
    xml("an encoding of many bytes", "encoding is 'shift_jis'", declared("shift_jis")),
    xml("an encoding that hides markup", "encoding is 'utf-7'", declared("utf-7")),
    xml("two bytes a character", "encoding is UTF-16", lambda text: text.encode("utf-16")),
    xml("four bytes a character", "encoding is UTF-16 or UTF-32", lambda text: text.encode("utf-32")),
    # names of files
    named('"a;touch PWNED.xml"', "cannot be a word of a LAMMPS deck: it has ';'"),
    named('"$(touch PWNED).xml"', r"cannot be a word of a LAMMPS deck: it has '\$'"),
    named('"`touch PWNED`.xml"', "cannot be a word of a LAMMPS deck: it has '`'"),
    named("'a\" 11 \"b.xml'", "cannot be a word of a LAMMPS deck: it has '\"'"),
    named('"a&.xml"', "cannot be a word of a LAMMPS deck: it has '&'"),
    named('"a\\nshell touch PWNED\\n.xml"', r"cannot be a word of a LAMMPS deck: it has '\\n'"),
    named('"a\\u2028.xml"', r"cannot be a word of a LAMMPS deck: it has '\\u2028'"),
    named('"a\\u201d.xml"', r"cannot be a word of a LAMMPS deck: it has '\\u201d'"),
    named('"a\\u0000b.xml"', "embedded null"),
    named('"pipe"', "a pipe, not a file"),
    named('"/dev/zero"', "a device, not a file"),
    named('"."', "a folder, not a file"),
    # the user's own LAMMPS text ends with its command
    Attack("a pair_style has a second line", "it is the rest of one line", lammps(style=f"lj/cut 30\\nshell {RUN}")),
    Attack("a pair_coeff has two lines", "it is the rest of one line", lammps(coefficients=f"* * 1 1\\nshell {RUN}")),
    Attack("a carriage return", "it is the rest of one line", lammps(coefficients=f"* * 1 1\\rshell {RUN}")),
    Attack("a line separator", "it is the rest of one line", lammps(coefficients=f"* * 1 1\\u2028shell {RUN}")),
    Attack("a quote that LAMMPS converts", "it is the rest of one line", lammps(coefficients="* * 1 1 \\u201c")),
    Attack("it joins the next command", "& at its end", lammps(coefficients="* * 1 1 &")),
    Attack("the same behind a comment", "& at its end", lammps(coefficients="* * 1 1 # &\\t ")),
    Attack("it opens three quotes", "quotes are not balanced", lammps(coefficients='* * 1 1 \\"\\"\\"')),
    Attack("the same in a comment", "quotes are not balanced", lammps(coefficients='* * 1 1 # \\"\\"\\"')),
    Attack("it opens a quote", "quotes are not balanced", lammps(coefficients='* * 1 1 \\"a')),
    Attack("it is empty", "empty", lammps(style="")),
    # templates
    template("{{ cycler.__init__.__globals__.os.system('touch PWNED') }}"),
    template("{{ lipsum.__globals__['os'].system('touch PWNED') }}"),
    template("{{ ''.__class__.__mro__[1].__subclasses__() }}"),
    template("{{ (''|attr('__class__')).__mro__ }}"),
    template("{{ '{0.__class__.__init__.__globals__}'.format(cycler) }}"),
    template("{{ unknown.__globals__ }}"),
    template("{{ self._TemplateReference__context.environment.loader }}"),
    template("{{ namespace.__init__.__globals__ }}"),
    template("{% set f = potential.files[0] %}{{ f.name.__class__ }}"),
    template("{{ potential.files[0].open('w') }}"),
    template("{{ potential.files[0].unlink() }}"),
    template("{{ positions.append(1) }}"),
    template("{{ potential.terms.update({'file': 'other'}) }}"),
    template("{{ 1 // 0 }}", r"nvt\.in\.j2:1: .*zero"),
    template("{% for k in range(10 ** 12) %}{% endfor %}", r"nvt\.in\.j2:1: Range too big"),
    template("{% include '../../secret' %}", r"nvt\.in\.j2:1: .*secret"),
    template("{% include '/etc/passwd' %}", r"nvt\.in\.j2:1: .*passwd"),
    # structures
    Attack(
        "a species is a command",
        "ASE cannot read it",
        STUDY.format(cluster='file = "start.xyz"', potential=GUPTA),
        structure=f"2\n\nNa;{RUN} 0 0 0\nNa 0 0 3\n",
    ),
    Attack(
        "a structure is a pickle that runs a command",
        "ASE cannot read it",
        STUDY.format(cluster='file = "start.traj"', potential=GUPTA),
    ),
    Attack(
        "a structure is a pipe",
        "a pipe, not a file",
        STUDY.format(cluster='file = "pipe"', potential=GUPTA),
    ),
    Attack(
        "a structure is a device",
        "a device, not a file",
        STUDY.format(cluster='file = "/dev/zero"', potential=GUPTA),
    ),
]  # fmt: skip


class Pickled:
    """Runs a command where it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (RUN,)


@contextmanager
def not_hanging() -> Iterator[None]:
    def stop(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"it hangs: {HANGS_S} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANGS_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study's folder beside a secret, and in it what an attack may name."""
    (tmp_path / "secret").write_text(f"{SECRET}:root:/root:/bin/bash\n")
    made = tmp_path / "study"
    (made / "templates").mkdir(parents=True)
    for name in ("sparse", "log.lammps"):
        (made / name).write_text("2.5\n")
    (made / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(made / "pipe")
    (made / "start.traj").write_bytes(b"PickleTrajectory" + pickle.dumps(Pickled(), protocol=2))
    monkeypatch.chdir(made)
    return made


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.tries}: {attack.template or attack.says}"[:80])
def test_an_attack_runs_nothing_and_is_refused(
    attack: Attack, folder: Path, gap_xml: GapXml, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "study.toml").write_text(attack.study)
    (folder / "gap.xml").write_bytes(attack.raw_xml(gap_xml(**attack.xml or {})))
    (folder / "start.xyz").write_text(attack.structure)
    potential = folder / tomllib.loads(attack.study)["potential"].get("file", "gap.xml")
    with suppress(OSError, ValueError):  # no file can have such a name
        potential.exists() or potential.write_text(gap_xml())
    if attack.template:
        (folder / "templates" / "nvt.in.j2").write_text(attack.template)
    with not_hanging():
        code = main(["decks", str(folder), "--no-timing"])
    printed = "".join(capsys.readouterr())
    assert code == 2, printed
    assert re.search(attack.says, printed), printed
    assert SECRET not in printed
    assert not (folder / "decks").exists()
    assert not list(folder.parent.rglob(f"{CANARY}*"))
