"""The wheel and the sdist carry the built web client.

``src/mailstead/web/dist`` is committed, so a person with nothing but Python builds and installs; where it is missing it is built
with npm, and where that cannot be done the build fails rather than ship a server without its face.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebClient(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (the hook's signature)
        root = Path(self.root)
        if (root / "src" / "mailstead" / "web" / "dist" / "index.html").is_file():
            return
        web = root / "web"
        npm = shutil.which("npm")
        if npm is None or not (web / "package-lock.json").is_file():
            raise RuntimeError(
                "The built web client is missing (src/mailstead/web/dist) and cannot be built here: that needs npm (Debian: npm) and "
                "the folder web/. Take a source distribution or a clone, which carry it built."
            )
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=web, check=True)
        subprocess.run([npm, "run", "build"], cwd=web, check=True)
