"""The table of docs/forecast.md: what the forecast reaches, beside what others published."""

from typing import Any

PUBLISHED = (
    ("CRAFT", 0.628, 0.685, 0.555, 4.7),
    ("RoBERTa-base", 0.681, 0.688, 0.344, 4.2),
    ("Gemma2-9B", 0.710, 0.723, 0.342, 3.9),
)
"""Accuracy, F1, false alarms and mean horizon on CGA-CMV's test set, as ConvoKit states them."""


def forecast(measured: dict[str, Any]) -> str:
    """Return the forecast's table beside what is published, and what each part adds."""
    everything = measured["variants"]["everything"]
    rows = [
        "| conversations | over the line at | AUC | accuracy | precision | recall | F1 | "
        "false alarms | mean horizon |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    names = {"cga_cmv_valid": "CGA-CMV, validation", "cmv_ad_hominem_threads": "CMV ad hominem"}
    for name, title in names.items():
        for when, row in everything[name].items():
            rows.append(
                f"| {title} ({row['conversations']:,}) | {when} message | {ranged(row['auc'])} | "
                f"{ranged(row['accuracy'])} | {row['precision']['value']:.2f} | "
                f"{row['recall']['value']:.2f} | {row['f1']:.2f} | "
                f"{ranged(row['false_alarms'])} | {row['mean_horizon']} |"
            )
    for name, accuracy, f1, false, horizon in PUBLISHED:
        rows.append(
            f"| CGA-CMV, test: {name}, published | any message | | {accuracy} | | | {f1} | "
            f"{false} | {horizon} |"
        )
    rows.append("| CMV ad hominem: CNN, published | last message | | 0.721 | | | | | |")
    parts = [
        "",
        "What each part adds (AUC at the last message):",
        "",
        f"| read | {' | '.join(names.values())} |",
        "|---|---:|---:|",
    ]
    for variant, found in measured["variants"].items():
        areas = " | ".join(ranged(found[name]["last"]["auc"]) for name in names)
        parts.append(f"| {variant} | {areas} |")
    return "\n".join([*rows, *parts])


def ranged(figure: dict[str, Any]) -> str:
    """Return a figure with its interval."""
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
