# The two commands of the README and their parts. CMake builds everything (CMakePresets.json);
# this file installs what is missing, builds and runs.

PACKAGES := g++ cmake ninja-build llvm-19-dev libabsl-dev libeigen3-dev libtomlplusplus-dev \
  libcli11-dev nlohmann-json3-dev libhdf5-dev libzip-dev libgtest-dev libbenchmark-dev libmpfr-dev \
  pkg-config python3 python3-dev python3-numpy python3-h5py pybind11-dev
# What `make ci` needs besides, for the second compiler.
CI_PACKAGES := $(PACKAGES) clang libclang-rt-14-dev
# What `make tidy` and `make format` need besides.
TIDY_PACKAGES := $(PACKAGES) clang-tidy clang-format
# What `make pictures` and the tests of the package for Python need besides.
PICTURE_PACKAGES := $(PACKAGES) python3-matplotlib

# What `make targets` needs besides; libabsl-dev of arm64 is unpacked below build/.
TARGETS_PACKAGES := $(PACKAGES) qemu-user g++-aarch64-linux-gnu
# What `make mutants` tries: beginnings of names, or options; all of the fast selection without.
MUTANTS ?=

# What `make deb` and `make deb-test` need besides.
DEB_PACKAGES := $(PACKAGES) dpkg-dev file
DEB_TEST_PACKAGES := $(DEB_PACKAGES) debootstrap

# Where `make install` puts all.
PREFIX ?= /usr/local

# What `make conformance` and `make bench-peers` need besides; Debian's Brian2 belongs to Debian's
# Python.
CONFORMANCE_PACKAGES := $(PACKAGES) make python3-brian
DEBIAN_PYTHON := PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3

# What `make bench-peers` compares: all but the largest, unless PEERS names others or gives options.
PEERS ?=

# Of each sort of input, how many `make fuzz` tries.
FUZZ ?= 100000

# Options of `make microcircuit`.
MICROCIRCUIT ?=

# Of each kind of call, how many `make faults` lets fail, or "all"; and how long `make libfuzzer`
# takes for each target.
FAULTS ?= 1000
LIBFUZZER ?= --seconds 60

JOBS ?= $(shell nproc)
BNSYN := build/release/bin/bnsyn

.DEFAULT_GOAL := help
.PHONY: help run installed test verify digests precision build command deps fuzz faults schedules tsan libfuzzer nightly ci conformance bench bench-peers bench-growth bench-compile python install deb deb-test microcircuit tidy format pictures coverage mutants targets clean deps-ci deps-tidy deps-conformance deps-pictures deps-targets deps-deb deps-deb-test

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: command  ## install what is missing, build the command, run the BN-Syn network on both backends
	$(BNSYN) run examples/networks/bnsyn.toml --backend both

test: build deps-pictures  ## install what is missing, build, run all tests
	ctest --test-dir build/release --output-on-failure --no-tests=error -j $(JOBS)

verify: command  ## the physics-equivalence suite on every example, which `make test` runs too
	tests/verify_examples.py --jobs $(JOBS)

digests: command  ## renew tests/digests.json: the digest of every example
	$(BNSYN) check tests/digests.json --backend accelerated --slow --renew

nightly: command faults schedules tsan libfuzzer targets coverage mutants conformance microcircuit fuzz  ## all that takes long: hours, and 2.5 GB
	$(BNSYN) check tests/digests.json --only microcircuit --slow --threads $(JOBS)

fuzz: build  ## 100,000 random and as many mutated networks and programs, hours; FUZZ=10000 is 1/10 of that
	BNSYN_FUZZ_COUNT=$(FUZZ) BNSYN_FUZZ_JOBS=$(JOBS) build/release/bin/fuzz_test

faults: build  ## let each call of the system fail in turn, kill, interrupt, fill the disk: a table
	BNSYN_FAULTS=$(FAULTS) build/release/bin/faults_test

schedules: build  ## 1,000 orders of the threads, each on one thread: the digests are equal
	BNSYN_SCHEDULES=1000 build/release/bin/schedules_test

tsan: deps-ci  ## 4 threads under the thread sanitizer, which looks at emitted code as well
	cmake --preset tsan
	cmake --build --preset tsan -j $(JOBS) --target threads_test
	setarch -R build/tsan/bin/threads_test

libfuzzer: deps-ci  ## libFuzzer on network files, equations, programs, cached code, tables and checkpoints
	cmake --preset libfuzzer
	cmake --build --preset libfuzzer -j $(JOBS) --target fuzzers
	tests/libfuzzer/run.py build/libfuzzer $(LIBFUZZER)

precision: command  ## how exactly the inputs of the example networks count what arrives
	@for network in examples/networks/*.toml; do $(BNSYN) info $$network --precision; done

build: deps  ## install what is missing and build everything
	cmake --preset release
	cmake --build --preset release -j $(JOBS)

command: deps  ## install what is missing and build the command alone, build/release/bin/bnsyn
	cmake --preset release
	cmake --build --preset release -j $(JOBS) --target bnsyn

python: deps  ## install what is missing and build the package for Python: PYTHONPATH=build/release/python
	cmake --preset release
	cmake --build --preset release -j $(JOBS) --target python
	PYTHONPATH=build/release/python $(DEBIAN_PYTHON) -c 'import bnsyn; print(bnsyn.__file__)'
	@echo 'Built. Next:'
	@echo '  export PYTHONPATH=$(CURDIR)/build/release/python'
	@echo '  $(DEBIAN_PYTHON) examples/python/twenty_lines.py raster.png    # docs/python.md goes on'

installed: deps
	cmake --preset release
	cmake --build --preset release -j $(JOBS) --target bnsyn bnsyn_manual bnsyn_shared python

install: installed  ## build, and install below PREFIX=/usr/local: docs/install.md
	cmake --install build/release --prefix $(PREFIX)
	@if [ -z "$(DESTDIR)" ] && [ -w /etc/ld.so.cache ]; then ldconfig; fi

deb: installed deps-deb  ## build, and make Debian packages in build/release/packages
	cd build/release && cpack
	ls build/release/packages/*.deb

deb-test: deb deps-deb-test  ## install the packages in a new Debian, and run them there: as root
	tests/outside/debian.py build/release

deps:  ## install the Debian packages that are missing
	@$(call install,$(PACKAGES))

deps-ci:
	@$(call install,$(CI_PACKAGES))

deps-pictures:
	@$(call install,$(PICTURE_PACKAGES))

deps-conformance:
	@$(call install,$(CONFORMANCE_PACKAGES))

deps-targets:
	@$(call install,$(TARGETS_PACKAGES))
	@tests/targets/sysroot.sh build/arm64-sysroot || echo "aarch64 will not be run" >&2

deps-deb:
	@$(call install,$(DEB_PACKAGES))

deps-deb-test:
	@$(call install,$(DEB_TEST_PACKAGES))

deps-tidy:
	@$(call install,$(TIDY_PACKAGES))

ci: build deps-ci  ## all tests under clang's sanitizers, and what clang's optimised code computes
	cmake --preset clang && cmake --build --preset clang -j $(JOBS) --target bnsyn reference_test engines_test
	ctest --test-dir build/clang --output-on-failure --no-tests=error -j $(JOBS) -R '^(reference|engines|digests_.*)$$'
	cmake --preset asan && cmake --build --preset asan -j $(JOBS)
	ctest --test-dir build/asan --output-on-failure --no-tests=error -j $(JOBS)
	$(BNSYN) verify examples/networks/bnsyn.toml --with build/clang/bin/bnsyn --skip updates-per-sec

conformance: command deps-conformance  ## networks in Brian2 and here, and what NEST's tests publish
	$(DEBIAN_PYTHON) tests/conformance/compare_test.py
	$(DEBIAN_PYTHON) tests/conformance/pairs.py
	@echo "With another schedule, time constant or recovery, which must be noticed:"
	$(DEBIAN_PYTHON) tests/conformance/pairs.py --replace 'schedule = "brian2"' '' pulse_at_reset; test $$? -eq 1
	$(DEBIAN_PYTHON) tests/conformance/pairs.py --replace '20 ms' '20.00001 ms' stdp_long; test $$? -eq 1
	$(DEBIAN_PYTHON) tests/conformance/pairs.py --replace '800 ms' '800.0001 ms' stp_long; test $$? -eq 1
	$(DEBIAN_PYTHON) tests/conformance/nest.py
	$(DEBIAN_PYTHON) tests/conformance/conformance.py
	@echo "With a wrong equation, which must be noticed:"
	$(DEBIAN_PYTHON) tests/conformance/conformance.py --quick --inject wrong-equation cuba; test $$? -eq 1

bench: command  ## kernels and ladder of the BN-Syn network
	$(BNSYN) bench examples/networks/bnsyn.toml --set N=4000

bench-peers: command deps-conformance  ## bnsyn and Brian2 side by side; PEERS="coba --repeat 9" chooses
	$(DEBIAN_PYTHON) bench/peers/peers.py $(PEERS)

bench-growth: command  ## show how the cost of a step grows with neurons, and with rates
	$(BNSYN) bench examples/networks/coba.toml --set p=80/N --vary N=1000,3000,10000,30000,100000,300000,1000000 --steps 400
	$(BNSYN) bench examples/networks/coba40k-dense.toml --set N=4000 --set p=0.2 \
	  --vary exc.I_e,inh.I_e=150pA,300pA,450pA,600pA,900pA --steps 2000

bench-compile: command  ## show how the time to compile grows with each part of a network
	bench/compile_growth.py

microcircuit: command  ## the cortical microcircuit, 10 seeds of 10 s, beside what is published
	bench/microcircuit/microcircuit.py $(MICROCIRCUIT)

pictures: command deps-pictures  ## run the networks that learn, and draw the pictures of docs/learning.md
	$(call learn,stdp-selectivity,learn.w,10s)
	$(call learn,stdp-latency,learn.w,1s)
	$(call learn,distal-reward,ee.w,5min)

coverage: deps  ## tests with coverage: a table of the lines that ran, which fails below 92 %
	cmake --preset coverage
	cmake --build --preset coverage -j $(JOBS)
	tests/coverage.py build/coverage --jobs $(JOBS)

mutants: deps  ## make the code wrong in one place after another, and see which test fails
	cmake --preset mutants
	cmake --build --preset mutants -j $(JOBS) --target ir_test reference_test compiler_test engines_test runtime_test checkpoints_test mutants_list
	tests/mutants/mutants.py $(MUTANTS)

targets: command deps-targets  ## the digests of small networks on x86-64-v1 to v4, and on aarch64 under qemu
	cmake --build --preset release -j $(JOBS) --target emit_object
	tests/targets/targets.py

tidy: deps-tidy build  ## clang-tidy over all sources
	run-clang-tidy -quiet -p build/release -extra-arg=-Wno-unknown-warning-option '$(CURDIR)/(ir|reference|compiler|runtime|tools)/.*\.cc$$'

format: deps-tidy  ## clang-format over all sources
	git ls-files '*.h' '*.cc' '*.cpp' | xargs clang-format -i

clean:  ## remove everything built
	rm -rf build

# $(call learn,NETWORK,WEIGHTS,EVERY): runs a network that learns, and draws its weights.
define learn
$(BNSYN) run examples/networks/learning/$(1).toml --backend accelerated --no-hint --out build/pictures/$(1) \
  --record $(2) --record-every $(3)
$(DEBIAN_PYTHON) examples/python/learning.py $(1) build/pictures/$(1) docs/pictures/$(1).png
endef

# $(call install,PACKAGES): installs the packages that are missing, as root or through sudo.
define install
missing=""; \
for package in $(1); do \
  dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
done; \
if [ -n "$$missing" ]; then \
  echo "installing from Debian:$$missing"; \
  if [ "$$(id -u)" = 0 ]; then as_root=""; else as_root=sudo; fi; \
  $$as_root apt-get update -q && \
  DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -q --no-install-recommends $$missing; \
fi
endef
