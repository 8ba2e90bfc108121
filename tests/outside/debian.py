#!/usr/bin/env python3
"""Installs the Debian packages of a build in a new Debian, and uses them there: debian.py BUILD

The new Debian is a folder that debootstrap fills and chroot enters, so that this needs root and the
package mirror of this machine. Where one is missing it says so loudly, and exits with 0. What it
runs there gives the digests that the build itself gives. All of it runs in a mount namespace of its
own, so that what debootstrap mounts ends with it.
"""
import os
import pathlib
import shutil
import subprocess
import sys

from installed import HERE, NETWORK, check, digests, run

# What `apt-get install` brings into the new Debian with the packages.
TO_BUILD = ["g++", "cmake", "ninja-build", "pkg-config"]

# A network as the outside program runs it.
PYTHON = """
import bnsyn
from bnsyn.units import ms
sim = bnsyn.load("{network}").compile()
sim.run(100*ms)
print(sim.digest)
"""


def cannot(why):
    print(f"NOT TESTED: the packages were not installed in a new Debian: {why}")
    sys.exit(0)


def mirror():
    """The address and the release from which this machine's own packages come."""
    listed = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)",
                 "Created-By: Packages").split("\n")
    check(listed[0], "apt-get knows no mirror")
    return listed[0].split()


def remove(root):
    """Never what is mounted below."""
    run("rm", "-rf", "--one-file-system", root)


def new_debian(root):
    address, release = mirror()
    remove(root)
    made = subprocess.run(["debootstrap", "--variant=minbase", release, str(root), address],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if made.returncode != 0:
        cannot("debootstrap failed:\n" + "\n".join(made.stdout.splitlines()[-3:]))
    # What this machine needs to reach its mirrors.
    shutil.rmtree(root / "etc/apt")
    shutil.copytree("/etc/apt", root / "etc/apt", symlinks=True)
    keys = pathlib.Path("/usr/share/keyrings")
    shutil.copytree(keys, root / "usr/share/keyrings", dirs_exist_ok=True)
    if pathlib.Path("/etc/resolv.conf").exists():
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")


def inside(root, *command):
    """The output of a command in the new Debian, which has nothing of this one's environment."""
    proxies = {name: value for name, value in os.environ.items() if "proxy" in name.lower()}
    environment = {**proxies, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
                   "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    return run("chroot", root, *command, env=environment)


def install(root, packages):
    for package in packages:
        shutil.copy(package, root / "root")
    inside(root, "apt-get", "update", "-q")
    names = [f"/root/{package.name}" for package in packages]
    inside(root, "apt-get", "install", "-y", "-q", "--no-install-recommends", *names)


def digest_of(output):
    return [line for line in output.splitlines() if '"digest"' in line][0].split('"')[3]


def main(build):
    build = pathlib.Path(build).resolve()
    packages = sorted((build / "packages").glob("*.deb"))
    named = {package.name.split("_")[0]: package for package in packages}
    check(set(named) >= {"bnsyn", "libbnsyn0", "libbnsyn-dev", "python3-bnsyn"},
          f"{build}/packages has only {sorted(named)}")
    if shutil.which("debootstrap") is None:
        cannot("debootstrap is missing: apt-get install debootstrap")
    root = build / "debian"
    new_debian(root)

    install(root, [named["bnsyn"]])
    command = ["bnsyn", "run", f"/usr/{NETWORK}", "--duration", "100ms", "--backend",
               "accelerated", "--no-hint", "--json"]
    there = digest_of(inside(root, *command))
    here = digest_of(run(build / "bin/bnsyn", "run", root / "usr" / NETWORK, *command[3:]))
    check(there == here, f"the digest {there} of the installed command is not {here}")
    print(f"bnsyn: installed and run, digest {there}")

    install(root, [named["libbnsyn0"], named["libbnsyn-dev"]])
    inside(root, "apt-get", "install", "-y", "-q", "--no-install-recommends", *TO_BUILD)
    shutil.copytree(HERE, root / "root/outside")
    inside(root, "cmake", "-S", "/root/outside", "-B", "/root/build", "-G", "Ninja")
    inside(root, "cmake", "--build", "/root/build")
    by_cmake = digests(inside(root, "/root/build/outside", f"/usr/{NETWORK}"))
    inside(root, "sh", "-c", "g++ -std=c++20 /root/outside/outside.cc -o /root/program "
           "$(pkg-config --cflags --libs bnsyn)")
    by_pkg_config = digests(inside(root, "/root/program", f"/usr/{NETWORK}"))
    check(by_cmake == by_pkg_config, f"{by_cmake} is not {by_pkg_config}")
    print(f"libbnsyn0, libbnsyn-dev: a project was built and run, digests {', '.join(by_cmake)}")

    install(root, [named["python3-bnsyn"]])
    there = inside(root, "python3", "-c", PYTHON.format(network=f"/usr/{NETWORK}")).split()[-1]
    check(there == by_cmake[0], f"the digest {there} of Python is not {by_cmake[0]}")
    print(f"python3-bnsyn: imported and run, digest {there}")
    remove(root)


if __name__ == "__main__":
    if os.geteuid() != 0:
        cannot("debootstrap and chroot need root")
    if "--alone" not in sys.argv:
        os.execvp("unshare", ["unshare", "--mount", sys.executable, __file__, "--alone",
                              *sys.argv[1:]])
    main(*sys.argv[2:])
