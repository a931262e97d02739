"""Take the README's pictures of the demo's report in headless Chromium; run `make demo` before.

Needs Chromium, which Debian calls `chromium`. Nothing else in the project does.
"""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "out" / "demo" / "report.html"
SHOTS = {"report.png": (1200, 1560), "report-phone.png": (500, 1560)}


def main() -> None:
    """Write docs/*.png."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None or not REPORT.is_file():
        raise SystemExit(f"needs chromium on the PATH and {REPORT}; run make demo first")
    (ROOT / "docs").mkdir(exist_ok=True)
    for name, (width, height) in SHOTS.items():
        subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu",
                f"--window-size={width},{height}", f"--screenshot={ROOT / 'docs' / name}",
                REPORT.as_uri(),
            ],
            check=True, capture_output=True,
        )  # fmt: skip
        print(f"docs/{name}")


if __name__ == "__main__":
    main()
