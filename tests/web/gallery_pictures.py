"""`python -m tests.web.gallery_pictures FOLDER`: a picture of the gallery in both languages and modes, wide and narrow."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.web.screenshots import ARGUMENTS, CHROMIUM, HEIGHT, WIDTHS, picture, settle

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests" / "pages" / "gallery.py"
PATIENCE_SECONDS = 60


@contextmanager
def served() -> Iterator[str]:
    """The gallery at an address of this machine, with an empty store of its own."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "streamlit", "run", str(SCRIPT), "--server.port", str(port), "--server.headless", "true"]
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "INSIGHTS_HOME": home}, stdout=subprocess.DEVNULL)
        try:
            _wait(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=20)


def main(folder: str) -> int:
    """Eight pictures; always 0, since the gallery shows errors on purpose."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    with served() as url, sync_playwright() as play, closing(play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)) as chromium:
        for width in WIDTHS:
            for mode in ("light", "dark"):
                page = chromium.new_page(viewport={"width": width, "height": HEIGHT}, color_scheme=mode)
                for language in ("es", "en"):
                    page.goto(f"{url}/?language={language}")
                    settle(page)
                    found = picture(page, target / f"gallery-{width}-{mode}-{language}.png")
                    sys.stdout.write(f"{width} {mode} {language}: {'; '.join(found)}\n")
                page.close()
    return 0


def _wait(port: int) -> None:
    began = time.monotonic()
    while time.monotonic() < began + PATIENCE_SECONDS:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError(f"The gallery did not start within {PATIENCE_SECONDS} seconds.")


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
