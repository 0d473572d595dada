"""Finds or makes a Python with the pinned packages. Standard library alone: it runs before they are there."""

import os
import shutil
import subprocess
import sys
import venv
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
OWN = HERE.parents[1] / "build" / "reference-python"


def wanting() -> list[str]:
    """The pins that this interpreter does not meet, each with what it has. A build tag such as +cpu does not count."""
    lines = []
    for line in REQUIREMENTS.read_text("utf-8").splitlines():
        package, _, pinned = line.partition("==")
        try:
            found = version(package).split("+")[0]
        except PackageNotFoundError:
            found = "none"
        if found != pinned:
            lines.append(f"{package} {pinned} (found: {found})")
    return lines


def ensure() -> None:
    """Returns if the pins are met; otherwise goes on in a virtual environment of ours, made at the first need."""
    missing = wanting()
    if not missing:
        return
    python = OWN / "bin" / "python"
    if Path(sys.prefix).resolve() == OWN:
        _install(python)
        missing = wanting()
        if missing:
            sys.exit(f"reference: {OWN} still lacks {', '.join(missing)}; remove that folder and run this again")
        return
    print(f"reference: {sys.executable} lacks {', '.join(missing)}; using {OWN}", file=sys.stderr)
    if not (OWN / "bin" / "pip").exists():  # comes last: without it a making was broken off
        _make()
    sys.stderr.flush()
    os.execv(python, [str(python), *sys.argv])


def _make() -> None:
    try:
        venv.create(OWN, with_pip=True, clear=True)
    except subprocess.CalledProcessError:
        # Debian and Ubuntu keep ensurepip, which puts pip into it, in a package of its own.
        shutil.rmtree(OWN, ignore_errors=True)
        install = "sudo apt-get install -y python3-venv"
        sys.exit(f"reference: this Python cannot make a virtual environment with pip; run: {install}")


def _install(python: Path) -> None:
    # Several GB where pip takes CUDA's torch: the CPU build, where there is one of that name, is enough.
    pins = REQUIREMENTS.read_text("utf-8")
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    cpu = [line + ("+cpu" if line.startswith("torch==") else "") for line in pins.split()]
    print(f"reference: installing {' '.join(pins.split())}", file=sys.stderr)
    if subprocess.run([*command, *cpu], stderr=subprocess.DEVNULL).returncode == 0:
        return
    if subprocess.run([*command, "-r", str(REQUIREMENTS)]).returncode != 0:
        sys.exit(f"reference: pip failed; install {REQUIREMENTS.name} by hand and run this with that Python")
