"""The build backend of pyproject.toml (PEP 517): calls CMake and packs its result as a wheel.

It needs the Python for which it builds, and no package from an index.
"""
import base64
import hashlib
import os
import pathlib
import subprocess
import sys
import sysconfig
import tomllib
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def _project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _metadata(project: dict) -> str:
    return "".join(
        [
            "Metadata-Version: 2.1\n",
            f"Name: {project['name']}\n",
            f"Version: {project['version']}\n",
            f"Summary: {project['description']}\n",
            f"Requires-Python: {project['requires-python']}\n",
            *(f"Requires-Dist: {name}\n" for name in project["dependencies"]),
        ]
    )


def _tag() -> str:
    python = sysconfig.get_config_var("py_version_nodot")
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    return f"cp{python}-cp{python}-{platform}"


def _build(build: pathlib.Path) -> pathlib.Path:
    """Builds the package for the running Python, and returns its folder."""
    subprocess.run(
        ["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
         "-DBNSYN_BUILD_TESTS=OFF", "-DBNSYN_BUILD_BENCH=OFF", "-DBNSYN_INSTALL=OFF",
         f"-DBNSYN_PYTHON={sys.executable}"],
        check=True,
    )
    jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL") or str(os.cpu_count() or 1)
    subprocess.run(["cmake", "--build", build, "--target", "python", "-j", jobs], check=True)
    return build / "python" / "bnsyn"


def _record_line(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None) -> str:
    """What pip asks first: without it, pip would build all to learn the name."""
    del config_settings
    project = _project()
    info = f"{project['name']}-{project['version']}.dist-info"
    folder = pathlib.Path(metadata_directory) / info
    folder.mkdir()
    (folder / "METADATA").write_text(_metadata(project))
    return info


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None) -> str:
    """`--config-settings build-dir=DIR` says where CMake builds, and what was built is kept."""
    del metadata_directory
    project = _project()
    folder = _build(ROOT / (config_settings or {}).get("build-dir", "build/wheel"))
    name = f"{project['name']}-{project['version']}"
    info = f"{name}.dist-info"
    files = {
        f"bnsyn/{path.name}": path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.suffix in (".py", ".pyi", ".typed", ".so") or path.name == "py.typed"
    }
    files[f"{info}/METADATA"] = _metadata(project).encode()
    files[f"{info}/WHEEL"] = (
        "Wheel-Version: 1.0\nGenerator: build_package\nRoot-Is-Purelib: false\n"
        f"Tag: {_tag()}\n"
    ).encode()
    record = "".join(_record_line(*file) for file in files.items())
    files[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    wheel = f"{name}-{_tag()}.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / wheel, "w", zipfile.ZIP_DEFLATED) as out:
        for path, content in files.items():
            out.writestr(path, content)
    return wheel


def build_sdist(sdist_directory, config_settings=None) -> str:
    raise NotImplementedError("bnsyn is installed from its tree, with pip install .")
