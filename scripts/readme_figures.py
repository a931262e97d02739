"""Write the measured figures into the README, between their markers.

Figures come from benchmarks/results/*.json, and the shown verdict from the shipped model, so no
number in the README is typed by hand. `--check` only says whether the README is up to date.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

import aims
from forecast_table import forecast

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
FORECAST = ROOT / "docs" / "forecast.md"
RESULTS = ROOT / "benchmarks" / "results"
_TONES = ("hostility", "hustling", "dismissiveness")
CORPORA = {
    "tonecheck_replies_dev": "annotated real replies",
    "tonecheck_learning_dev": "invented replies in learning spaces",
    "ucc_val": "UCC news comments, other annotators, never trained on",
}


def main() -> None:
    """Rewrite the README, or with `--check` leave with 1 if that would change it."""
    stale = [_update(README, blocks()), _update(FORECAST, {"forecast": forecast(read("forecast"))})]
    if "--check" in sys.argv:
        raise SystemExit(int(any(stale)))


def _update(path: Path, between: dict[str, str]) -> bool:
    """Return whether a file's figures are old, after writing the new ones unless only asked."""
    text = path.read_text(encoding="utf-8")
    updated = text
    for name, block in between.items():
        if f"<!-- {name} -->" not in text:
            raise SystemExit(f"{path.name} lacks the marker <!-- {name} -->.")
        updated = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)",
            lambda match, block=block: f"{match[1]}{block}\n{match[2]}",
            updated,
            flags=re.DOTALL,
        )
    if "--check" not in sys.argv:
        path.write_text(updated, encoding="utf-8")
    return updated != text


def blocks() -> dict[str, str]:
    """Return what stands between each pair of markers."""
    return {
        "check": check(),
        "quality": quality(read("quality")),
        "speed": speed(read("speed")),
        "audit": audit(read("audit")),
        "load": load(read("load")),
        "encoder": encoder(read("encoder_speed")),
        "fairness": "\n\n".join(map(fairness, map(read, aims.FAIRNESS))),
        "ablations": ablations(read("ablations")),
        "aims": aims.table({name: read(name) for name in aims.READ}),
    }


def read(name: str) -> dict[str, Any]:
    """Return the stored results of a benchmark."""
    stored: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return stored


def audit(stored: dict[str, Any]) -> str:
    """Return what audits of growing size took."""
    sized = [(int(count), found) for count, found in stored["results"].items()]
    rows = [
        f"| {count:,} | {found['messages_per_second']:,.0f} | {found['seconds']:,.0f} "
        f"| {found['peak_mib']:.0f} MiB | {found['files_mb']['report.html']} MB |"
        for count, found in sized
    ]
    return "\n".join(
        [
            f"Whole audits of invented messages with `{stored['model']}`, report included, on "
            f"{stored['cores']} cores ({stored['processor']}; `benchmarks/audit.py`):",
            "",
            "| messages | a second | seconds | peak memory of the largest process | report.html |",
            "|---:|---:|---:|---:|---:|",
            *rows,
            "",
            f"From {sized[0][0]:,} to {sized[-1][0]:,} messages the peak grows by "
            f"{stored['peak_growth_mib']:.0f} MiB.",
        ]
    )


def load(stored: dict[str, Any]) -> str:
    """Return how the service answered under load."""
    rows = [
        f"| {name} | {found['answered']:,} | {found['shed_with_429']:,} | {found['lost']:,} "
        f"| {found['ms']['p50']:,.0f} | {found['ms']['p99']:,.0f} |"
        for name, found in stored["results"].items()
    ]
    return "\n".join(
        [
            f"`tonecheck serve` under load for {stored['seconds']} s, client and service together "
            f"on {stored['cores']} cores ({stored['processor']}; `benchmarks/load.py`):",
            "",
            "| requests | answered | shed with 429 | lost | median, ms | 99th in 100, ms |",
            "|---|---:|---:|---:|---:|---:|",
            *rows,
        ]
    )


def check() -> str:
    """Return what `tonecheck check` prints."""
    from tonecheck.cli.app import app

    arguments = ["check", "Just google it.", "--parent", "How do I invert a matrix?"]
    output = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"}).invoke(app, arguments).output
    return f"```text\n{output.rstrip()}\n```"


def quality(stored: dict[str, Any]) -> str:
    """Return the table of quality."""
    others = stored["others"]
    lines = [
        f"`{stored['model']}` on development data (95 % intervals; `make bench`). These "
        "replies trained nothing and set no threshold; their figures were looked at while the "
        "recipe was made, so they are a little too good. 140 of the annotated replies are also UCC "
        "comments:",
        "",
        f"| replies | tone | of them positive | AUC | aim "
        f"{''.join(f'| {name} ' for name in others)}| plain TF-IDF "
        "| right when it says yes "
        "| of positives found |",
        f"|---|---|---:|---|---:|{'---:|' * len(others)}---:|---|---|",
    ]
    for corpus, title in CORPORA.items():
        for tone, found in stored["shipped"][corpus].items():
            auc = found["auc"]
            lines.append(
                f"| {title} | {tone} | {found['positive']:,} of {found['replies']:,} "
                f"| **{auc['value']:.3f}** ({auc['low']:.2f}–{auc['high']:.2f}) "
                f"| {stored['aims'].get(corpus, {}).get(tone, '–')} "
                + "".join(
                    f"| {other[corpus][tone]['auc']['value']:.2f} " for other in others.values()
                )
                + f"| {stored['plain_tfidf'][corpus][tone]['value']:.2f} "
                f"| {percent(found['yes']['precision'])} | {percent(found['yes']['recall'])} |"
            )
    found = stored["condescending"]
    auc = found["auc"]
    lines += [
        "",
        f"What UCC's readers called condescending ({found['positive']} of {found['replies']:,}) is "
        f"ranked by dismissiveness with an AUC of {auc['value']:.2f} ({auc['low']:.2f}–"
        f"{auc['high']:.2f}; aim {found['aim']}).",
    ]
    return "\n".join(lines)


def percent(share: dict[str, Any]) -> str:
    """Return a share in per cent with its interval."""
    if share["value"] is None:
        return "–"
    return f"{100 * share['value']:.0f} % ({100 * share['low']:.0f}–{100 * share['high']:.0f})"


def speed(stored: dict[str, Any]) -> str:
    """Return the table of speed."""
    facts = stored["replies"]
    lines = [
        f"{facts['count']:,} real replies of {facts['mean_words']} words on average, "
        f"{facts['with_parent']:,} with a parent; whole commands, start-up included, median of "
        f"{stored['runs']} runs on {stored['cores']} cores ({stored['processor']}):",
        "",
        "| | replies/s | seconds | peak memory of the largest process |",
        "|---|---:|---:|---:|",
    ]
    for name, result in stored["results"].items():
        lines.append(
            f"| {name} | {result['replies_per_second']:,.0f} | {result['median_seconds']:.1f} "
            f"| {result['peak_mib']:.0f} MiB |"
        )
    starts = stored["start_up_ms"]
    lines += [
        "",
        f"Beyond the interpreter's own start, `import tonecheck` takes "
        f"{starts['import tonecheck']:.0f} ms and `tonecheck --help` "
        f"{starts['tonecheck --help']:.0f} ms.",
        "",
        "alt-profanity-check gives one number for profanity, without evidence or explanation; it "
        "is here as a yardstick that people know.",
    ]
    return "\n".join(lines)


def encoder(found: dict[str, Any]) -> str:
    """Return what was measured of the encoder alone."""
    pair = found["pair"]
    return (
        f"On {found['cores']} cores of {found['processor']}: `{found['model']}` alone, replies of "
        f"{found['tokens']} tokens, "
        f"{found['scorer_replies_per_second']:,} replies/s scored and "
        f"{found['verdicts_per_second']:,} verdicts/s with everything around it; a BERT-base with "
        f"random weights in torch scores {found['bert_base_replies_per_second']:.0f} "
        f"({found['times_bert_base']:.0f} times fewer). {_alone(found)} "
        f"The graph has {found['graph_bytes'] / 1e6:.1f} MB. `{pair['model']}`: "
        f"{pair['verdicts_per_second']:,} verdicts/s. {_alone(pair)}"
    )


def _alone(found: dict[str, Any]) -> str:
    single = found["single_verdict_ms"]
    return (
        f"One verdict at a time takes {single['p50']:.1f} ms, {single['p99']:.1f} ms at the 99th "
        f"percentile; the first one, start-up included, "
        f"{found['cold_first_verdict_seconds']:.1f} s; {found['resident_mib']} MiB resident."
    )


def fairness(found: dict[str, Any]) -> str:
    """Return what naming a group does to what the model says."""
    return (
        f"On {found['templates']:,} templates that name groups, {found['model']} tells bad ones "
        f"from harmless ones with an AUC of {found['overall']:.2f}; from the worst group to the "
        f"best it goes from {min(found['groups'].values()):.2f} to "
        f"{max(found['groups'].values()):.2f}."
    )


def ablations(stored: dict[str, Any]) -> str:
    """Return what each part of the encoder's recipe adds, as a picture and a table to unfold."""
    rows = []
    for name, found in stored["variants"].items():
        tones = found["tonecheck_replies_dev"]
        areas = " | ".join(f"{tones[tone]['value']:.3f}" for tone in _TONES)
        if gain := found.get("difference"):
            signed = f"{gain['value']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})"
        else:
            signed = ""
        rows.append(
            f"| {name} | {found['annotated']:,} | {found['rounds']} | {areas} | {signed} "
            f"| {found.get('changes', '')} | {found['spread']:.2f} |"
        )
    return "\n".join(
        [
            "![What each part of the recipe adds](docs/pictures/ablations.svg)",
            "",
            "One encoder a row, one seed, few rounds, no teachers: rows compare with one another "
            "and not with what ships. A difference is that of the "
            "mean AUC over all tones and development corpora, with its 95 % interval over threads; "
            "what another seed changes says how much is chance (`benchmarks/ablations.py`).",
            "",
            "<details><summary>The figures</summary>",
            "",
            "AUC on the annotated real replies. Annotated: how many there were in all. "
            "Apart: how far the AUC of groups lies apart, before the words for them are made one.",
            "",
            "| | annotated | rounds | hostility | hustling | dismissiveness | difference | from "
            "| apart |",
            "|---|---:|---:|---:|---:|---:|---|---|---:|",
            *rows,
            "",
            "</details>",
        ]
    )


if __name__ == "__main__":
    main()
