# cmr is a C core on libcurl with pure Lua on top. `make help` lists the targets.

# LUA chooses the Lua: 5.1, 5.3, 5.4, 5.5 or jit, or a program (lua5.4, /opt/bin/luajit).
LUA     ?= 5.4
ALL     := 5.4 5.1 5.3 jit
EVERY   := $(ALL) 5.5
NEWEST   = $$(! command -v lua5.5 >/dev/null || echo 5.5)# where the system has it
FLAVOUR := $(or $(filter $(EVERY),$(patsubst lua%,%,$(notdir $(LUA)))),\
	$(filter $(EVERY),$(shell $(LUA) -e 'print(jit and "jit" or _VERSION:sub(5))' 2>&1)))
$(if $(FLAVOUR),,$(error LUA=$(LUA): expected 5.1, 5.3, 5.4, 5.5, jit or the name of such a program. cmr cannot be built for 5.2))

# The user's shell may have paths or a start program for one Lua. They must not influence the build.
unexport LUA_INIT LUA_INIT_5_3 LUA_INIT_5_4 LUA_INIT_5_5
unexport LUA_PATH LUA_CPATH LUA_PATH_5_3 LUA_CPATH_5_3 LUA_PATH_5_4 LUA_CPATH_5_4 LUA_PATH_5_5 LUA_CPATH_5_5

LUA_PROGRAM = $(if $(filter $(LUA),$(EVERY)),$(shell scripts/build/lua-program.sh $(FLAVOUR)),$(LUA))
LUA_ABI    := $(FLAVOUR:jit=5.1)# LuaJIT reads the folders of 5.1

# The folders for the build and for `make install`.
BUILD       ?= build
OUT         ?= $(BUILD)/$(FLAVOUR)
PREFIX      ?= /usr/local
INST_LIBDIR ?= $(PREFIX)/lib/lua/$(LUA_ABI)
INST_LUADIR ?= $(PREFIX)/share/lua/$(LUA_ABI)
INST_BINDIR ?= $(PREFIX)/bin
INST_SHAREDIR ?= $(PREFIX)/share
INST_RECORD ?= $(if $(ROCK),,$(INST_SHAREDIR)/cmr/installed)# lists of the installed files, by Lua; empty: no lists
INSTALLER    = $(foreach name,OUT FLAVOUR LUA_PROGRAM DESTDIR ROCK \
	INST_LIBDIR INST_LUADIR INST_BINDIR INST_SHAREDIR INST_RECORD,$(name)='$($(name))') scripts/build/install.sh

# Compiler settings. WERROR=1 makes warnings errors. scripts/build/flags.sh adds needed flags and finds the libraries.
# To name a library's folders yourself, set LUA_INCDIR, or the settings below that end in _INCDIR and _LIBDIR.
CFLAGS  ?= -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2
LIBFLAG ?= $(if $(filter Darwin,$(shell uname -s)),-bundle -undefined dynamic_lookup,-shared)
ifeq ($(origin LD),default)
LD := $(CC)
endif
SETTINGS = $(foreach name,FLAVOUR CC CPPFLAGS CFLAGS LDFLAGS WERROR \
	LUA_INCDIR CURL_INCDIR CURL_LIBDIR CRYPTO_INCDIR CRYPTO_LIBDIR SQLITE_INCDIR SQLITE_LIBDIR,$(name)='$($(name))')

MODULES := $(OUT)/cmr/core.so $(OUT)/cmr/operations.so $(OUT)/cmr/sqlite.so
OBJECTS := $(patsubst csrc/%.c,$(OUT)/%.o,$(sort $(wildcard csrc/*.c)))

##@ Build and install

.PHONY: build
build: $(MODULES) ## builds the C modules for one Lua (LUA=5.4), and build/5.4/env for a shell that uses them
	@scripts/build/env.sh $(OUT) $(LUA_PROGRAM)

$(OUT)/cmr/core.so: $(filter-out $(OUT)/operations_lua.o $(OUT)/sqlite.o,$(OBJECTS))
$(OUT)/cmr/operations.so: $(OUT)/operations_lua.o $(OUT)/operations.o # needs none of the libraries
$(OUT)/cmr/sqlite.so: $(OUT)/sqlite.o
$(MODULES): $(OUT)/link.flags
	$(LD) $(LIBFLAG) -o $@ $(filter %.o,$^) @$(OUT)/link.flags

.PHONY: objects
objects: $(OBJECTS)

$(OUT)/%.o: csrc/%.c $(OUT)/compile.flags
	$(CC) @$(OUT)/compile.flags -MMD -MP -c -o $@ $<

$(OUT)/compile.flags $(OUT)/link.flags: $(OUT)/%.flags: $(OUT)/settings scripts/build/flags.sh
	@$(SETTINGS) scripts/build/flags.sh $* >$@

$(OUT)/settings: always # written only if the settings change; then everything is rebuilt
	@mkdir -p $(OUT)/cmr
	@echo "$(SETTINGS)" | scripts/build/write-if-changed.sh $@

-include $(OBJECTS:.o=.d)

.PHONY: install
install: build ## installs into PREFIX (/usr/local), below DESTDIR if it is set
	@$(INSTALLER) install

.PHONY: uninstall
uninstall: ## removes what `make install` put there for this Lua
	@$(INSTALLER) uninstall

.PHONY: clean
clean: ## removes the build folder
	rm -rf build

##@ Release

.PHONY: dist
dist: ## makes the release's files in build/dist: archive, rockspec, source rock, checksums, SBOM (URL=of the archive)
	@scripts/build/dist.sh $(BUILD)/dist $(LUA_PROGRAM) '$(URL)'

.PHONY: deb
deb: ## makes the Debian package lua-cmr for all Luas of this Debian, in build/deb
	@scripts/build/deb.sh $(BUILD)/deb

.PHONY: deb-check
deb-check: ## makes and installs the Debian package in a bare Debian (SUITE=trixie); runs the README's commands there
	@scripts/test/bare-debian.sh $(or $(SUITE),trixie)

##@ Try

.PHONY: setup
setup: ## installs missing packages to build and use cmr (LUA=5.4), or to run a target (LEVEL=demo, test or lint)
	@scripts/build/setup.sh $(or $(LEVEL),$(if $(filter 5.4,$(FLAVOUR)),run,test))

.PHONY: demo
demo: ## shows cmr in a script, the shell and a one-liner, against a local mock of the API
	@scripts/build/setup.sh demo
	@$(MAKE) --no-print-directory build
	@scripts/demo/demo.sh $(OUT) $(LUA_PROGRAM)

.PHONY: example-nginx
example-nginx: ## shows a small API in nginx that calls a local mock of the vendor's API (KEEP=1: serves its page)
	@scripts/build/setup.sh test
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory build LUA=jit
	@scripts/demo/nginx.sh $(OUT) $(LUA_PROGRAM)

##@ Check

.PHONY: check
check: build ## runs the specs on one Lua (LUA=5.4), or some of them (SPECS="spec/retry_spec.lua ...")
	@$(MAKE) --no-print-directory build LUA=jit # the specs that run nginx need it
	@scripts/test/specs.sh $(FLAVOUR)

.PHONY: test
test: ## installs what is missing, builds for every Lua and runs the specs on each
	@scripts/build/setup.sh test
	@for lua in $(ALL) $(NEWEST); do $(MAKE) --no-print-directory build LUA=$$lua || exit; done
	@scripts/test/specs.sh $(ALL) $(NEWEST)

.PHONY: test-browser
test-browser: ## drives the pages and the site in Chromium (ONLY=example); skipped without Chromium or npm
	-@scripts/build/setup.sh browser
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory build LUA=jit # the mock needs it
	@. $(OUT)/env && ONLY='$(ONLY)' scripts/test/browser.sh $(LUA_PROGRAM)

.PHONY: format
format: ## formats C with clang-format, and Lua with stylua from npm
	@scripts/build/setup.sh lint
	@clang-format -i csrc/*.c csrc/*.h
	@scripts/build/format.sh

.PHONY: lint
lint: ## runs every compiler and every linter: no warning is allowed
	@scripts/build/setup.sh lint
	@scripts/test/lint.sh $(ALL)

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all

.PHONY: asan
asan: ## runs the specs under the address, leak and undefined behaviour sanitizers
	@scripts/build/setup.sh test
	@$(MAKE) --no-print-directory asan-build
	@scripts/test/specs.sh asan-5.4

.PHONY: asan-build
asan-build:
	@$(MAKE) --no-print-directory build LUA=5.4 OUT=build/asan-5.4 CC=gcc LD=gcc \
		CFLAGS='-O1 -g -fno-omit-frame-pointer $(SANITIZE)' LDFLAGS='$(SANITIZE)'

.PHONY: valgrind
valgrind: ## runs specs under valgrind: no lost memory, no invalid reads or writes
	@scripts/build/setup.sh test
	@$(MAKE) --no-print-directory build LUA=5.4
	@scripts/test/valgrind.sh

.PHONY: coverage
coverage: ## counts the lines that the specs run: at least 90% of C and of Lua
	@scripts/build/setup.sh test
	@$(MAKE) --no-print-directory build LUA=5.4 OUT=build/cov-5.4 CC=gcc LD=gcc CFLAGS='-O0 -g --coverage' \
		LDFLAGS=--coverage
	@scripts/test/coverage.sh cov-5.4

.PHONY: asan-coverage
asan-coverage: ## does asan and coverage in one run
	@scripts/build/setup.sh test
	@$(MAKE) --no-print-directory build LUA=5.4 OUT=build/asan-cov-5.4 CC=gcc LD=gcc \
		CFLAGS='-O1 -g -fno-omit-frame-pointer $(SANITIZE) --coverage' LDFLAGS='$(SANITIZE) --coverage'
	@scripts/test/coverage.sh asan-cov-5.4

##@ Check for longer

.PHONY: sweep
sweep: ## runs each code path again and again, and each time lets another memory allocation fail
	@scripts/test/sweep.sh

.PHONY: stress
stress: ## runs a million random operations on calls and the engine (N=1000000, SEED=)
	@scripts/test/stress.sh $(or $(N),1000000) $(SEED)

.PHONY: fuzz
fuzz: ## fuzzes one target for S=60 seconds (T=response, arguments, transfer, json, target or webhook)
	@scripts/test/fuzz.sh '$(T)' $(or $(S),60)

.PHONY: asan-nginx
asan-nginx: ## runs the specs of nginx with the sanitizers in its workers
	@scripts/build/setup.sh test
	@$(MAKE) --no-print-directory build LUA=5.4
	@$(MAKE) --no-print-directory build LUA=jit OUT=build/asan-jit CC=gcc LD=gcc \
		CFLAGS='-O1 -g -fno-omit-frame-pointer $(SANITIZE)' LDFLAGS='$(SANITIZE)'
	@CMR_NGINX_BUILD=build/asan-jit SPECS=spec/nginx scripts/test/specs.sh 5.4

.PHONY: other-debian
other-debian: ## runs the specs in a bare Debian of another suite (SUITE=trixie DO="make test"); needs root, debootstrap
	@scripts/test/other-debian.sh '$(SUITE)' '$(DO)'

.PHONY: apicheck
apicheck: ## runs the specs on a Lua that checks each use of its C API
	@scripts/build/setup.sh test
	@$(MAKE) --no-print-directory build LUA=jit # the mock needs it
	@scripts/test/apicheck.sh

.PHONY: no-http2
no-http2: ## runs the specs that make requests on a libcurl without HTTP/2
	@scripts/build/setup.sh test
	@$(MAKE) --no-print-directory build LUA=jit # the mock needs it
	@scripts/test/no-http2.sh

.PHONY: bench
bench: ## compares cmr with C loops on libcurl and other clients (ONLY="row ..." QUICK=1 KEEP=1)
	@scripts/build/setup.sh bench
	@$(MAKE) --no-print-directory build LUA=5.4
	@$(MAKE) --no-print-directory build LUA=jit
	@ONLY='$(ONLY)' QUICK='$(QUICK)' KEEP='$(KEEP)' scripts/test/bench.sh

.PHONY: bench-instructions
bench-instructions: ## counts the instructions of a call; fails if over 5 % above the committed number (ONLY= KEEP=1)
	@scripts/build/setup.sh bench
	@$(MAKE) --no-print-directory build LUA=5.4
	@ONLY='$(ONLY)' KEEP='$(KEEP)' scripts/test/bench.sh bench/instructions.lua

.PHONY: soak
soak: ## runs the nginx example under faults and reloads (S=120 seconds)
	@scripts/test/soak.sh $(or $(S),120)

.PHONY: bench-pacing
bench-pacing: ## measures how hosts share a key's rate through a Redis that is killed meanwhile (S=60 seconds)
	@scripts/build/setup.sh test
	@$(MAKE) --no-print-directory build LUA=5.4
	@$(MAKE) --no-print-directory build LUA=jit
	@. build/5.4/env && S=$(S) LUA_PATH="./?.lua;$$LUA_PATH" $$(scripts/build/lua-program.sh 5.4) bench/pacing/run.lua

.PHONY: bench-partners
bench-partners: ## simulates a day of 1,000 partners on 10 hosts, with a host that dies and a Redis that fails over
	@$(MAKE) -s build LUA=5.4
	@. build/5.4/env && LUA_PATH="./?.lua;$$LUA_PATH" $$(scripts/build/lua-program.sh 5.4) bench/pacing/partners.lua

.PHONY: mutate
mutate: ## breaks the library one line at a time: a spec must fail each time (N=20 random lines, SEED=, WHERE=csrc or lua)
	@scripts/test/mutate.sh $(if $(N),random $(N) $(or $(SEED),$$(date +%s)) $(WHERE))

##@ Documents

.PHONY: docs
docs: build ## generates the types, the reference, the library page, the man page and the OpenAPI document
	@. $(OUT)/env && $(LUA_PROGRAM) scripts/generate/init.lua

.PHONY: site
site: ## builds the documents as a site with search in build/site (BASE=/path/ on the server); needs Node.js and npm
	@scripts/build/setup.sh npm
	@scripts/build/site.sh $(BASE)

.PHONY: openapi-check
openapi-check: ## checks docs/maintainers/openapi.json with outside linters, and our requests with an outside mock (npm)
	@scripts/build/setup.sh npm
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory build LUA=jit # the mock needs it
	@. $(OUT)/env && scripts/test/openapi-check.sh $(LUA_PROGRAM)

.PHONY: mcp-check
mcp-check: ## checks `cmr mcp` with the protocol's official client and inspector, against the mock (npm)
	@scripts/build/setup.sh npm
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory build LUA=jit # the mock needs it
	@. $(OUT)/env && scripts/test/mcp-check.sh $(LUA_PROGRAM)

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

.PHONY: always
.DELETE_ON_ERROR:
