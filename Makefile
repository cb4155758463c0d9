# cmr: a C core on libcurl, and pure Lua on top. `make help` lists what can be made.

# Which Lua: 5.1, 5.3, 5.4 or jit, or the program that is to run it (lua5.4, /opt/bin/luajit).
LUA     ?= 5.4
ALL     := 5.4 5.1 5.3 jit
FLAVOUR := $(or $(filter $(ALL),$(patsubst lua%,%,$(notdir $(LUA)))),\
	$(filter $(ALL),$(shell $(LUA) -e 'print(jit and "jit" or _VERSION:sub(5))' 2>&1)))
$(if $(FLAVOUR),,$(error LUA=$(LUA): expected 5.1, 5.3, 5.4, jit or the name of such a program))

LUA_PROGRAM = $(if $(filter $(LUA),$(ALL)),$(shell scripts/build/lua-program.sh $(FLAVOUR)),$(LUA))
LUA_ABI    := $(FLAVOUR:jit=5.1)# LuaJIT reads the directories of 5.1

# Where things are made, and where `make install` puts them.
BUILD       ?= build
OUT         ?= $(BUILD)/$(FLAVOUR)
PREFIX      ?= /usr/local
INST_LIBDIR ?= $(PREFIX)/lib/lua/$(LUA_ABI)
INST_LUADIR ?= $(PREFIX)/share/lua/$(LUA_ABI)
INST_BINDIR ?= $(PREFIX)/bin
INST_SHAREDIR ?= $(PREFIX)/share
PLACE        = scripts/build/install.sh $(1) $(OUT) $(LUA_PROGRAM) \
	'$(DESTDIR)' '$(INST_LIBDIR)' '$(INST_LUADIR)' '$(INST_BINDIR)' '$(INST_SHAREDIR)'

# How C is compiled. WERROR=1 makes warnings errors. scripts/build/flags.sh adds what the code needs and finds the libraries,
# unless LUA_INCDIR, CURL_INCDIR, CURL_LIBDIR, CRYPTO_INCDIR or CRYPTO_LIBDIR say where to look.
CFLAGS  ?= -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2
LIBFLAG ?= $(if $(filter Darwin,$(shell uname -s)),-bundle -undefined dynamic_lookup,-shared)
ifeq ($(origin LD),default)
LD := $(CC)
endif
SETTINGS = $(foreach name,FLAVOUR CC CPPFLAGS CFLAGS LDFLAGS WERROR \
	LUA_INCDIR CURL_INCDIR CURL_LIBDIR CRYPTO_INCDIR CRYPTO_LIBDIR,$(name)='$($(name))')

MODULES := $(OUT)/cmr/core.so $(OUT)/cmr/operations.so
OBJECTS := $(patsubst csrc/%.c,$(OUT)/%.o,$(wildcard csrc/*.c))

##@ Build and install

.PHONY: build
build: $(MODULES) ## the C modules for one Lua (LUA=5.4), and build/5.4/env to use it from here
	@scripts/build/env.sh $(OUT) $(LUA_PROGRAM)

$(OUT)/cmr/core.so: $(filter-out $(OUT)/operations_lua.o,$(OBJECTS))
$(OUT)/cmr/operations.so: $(OUT)/operations_lua.o $(OUT)/operations.o # it needs none of the libraries
$(MODULES): $(OUT)/link.flags
	$(LD) $(LIBFLAG) -o $@ $(filter %.o,$^) @$(OUT)/link.flags

.PHONY: objects
objects: $(OBJECTS)

$(OUT)/%.o: csrc/%.c $(OUT)/compile.flags
	$(CC) @$(OUT)/compile.flags -MMD -MP -c -o $@ $<

$(OUT)/compile.flags $(OUT)/link.flags: $(OUT)/%.flags: $(OUT)/settings scripts/build/flags.sh
	@$(SETTINGS) scripts/build/flags.sh $* >$@

$(OUT)/settings: always # touched only when it changes, and then everything is made anew
	@mkdir -p $(OUT)/cmr
	@echo "$(SETTINGS)" | scripts/build/write-if-changed.sh $@

-include $(OBJECTS:.o=.d)

.PHONY: install
install: build ## into PREFIX (/usr/local), below DESTDIR where that is set
	@$(call PLACE,install)

.PHONY: uninstall
uninstall: ## removes what install put there
	@$(call PLACE,uninstall)

.PHONY: clean
clean: ## removes all that was made here
	rm -rf build

##@ Try

.PHONY: setup
setup: ## installs what is missing to build and use cmr (LUA=5.4); LEVEL=demo, test or lint: for these too
	@scripts/build/setup.sh $(or $(LEVEL),$(if $(filter 5.4,$(FLAVOUR)),run,test))

.PHONY: demo
demo: ## a look at cmr from a script, the shell and a one-liner, against a local mock of the API
	@scripts/build/setup.sh demo
	@$(MAKE) --no-print-directory build
	@scripts/demo/demo.sh $(OUT) $(LUA_PROGRAM)

.PHONY: example-nginx
example-nginx: ## a small API in front of the vendor's in nginx, against a local mock
	@scripts/build/setup.sh test
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory build LUA=jit
	@scripts/demo/nginx.sh $(OUT) $(LUA_PROGRAM)

##@ Check

.PHONY: check
check: build ## the specs on one Lua (LUA=5.4), or some of them (SPECS="spec/retry_spec.lua ...")
	@scripts/test/specs.sh $(FLAVOUR)

.PHONY: test
test: ## installs what is missing, builds for every Lua and runs the specs on each
	@scripts/build/setup.sh test
	@for lua in $(ALL); do $(MAKE) --no-print-directory build LUA=$$lua || exit; done
	@scripts/test/specs.sh $(ALL)

.PHONY: lint
lint: ## every compiler and every linter, without a warning
	@scripts/build/setup.sh lint
	@scripts/test/lint.sh $(ALL)

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all

.PHONY: asan
asan: ## the specs under the address, leak and undefined behaviour sanitizers
	@scripts/build/setup.sh test
	@$(MAKE) --no-print-directory build LUA=5.4 OUT=build/asan-5.4 CC=gcc LD=gcc \
		CFLAGS='-O1 -g -fno-omit-frame-pointer $(SANITIZE)' LDFLAGS='$(SANITIZE)'
	@scripts/test/specs.sh asan-5.4

.PHONY: valgrind
valgrind: ## the specs under valgrind: nothing lost, nothing read before it is written
	@scripts/build/setup.sh test
	@$(MAKE) --no-print-directory build LUA=5.4
	@scripts/test/valgrind.sh

.PHONY: coverage
coverage: ## the lines of C and of Lua that the specs run: 90% of each at the least
	@scripts/build/setup.sh test
	@$(MAKE) --no-print-directory build LUA=5.4 OUT=build/cov-5.4 CC=gcc LD=gcc CFLAGS='-O0 -g --coverage' \
		LDFLAGS=--coverage
	@scripts/test/coverage.sh

##@ Check for longer

.PHONY: sweep
sweep: ## every path with its n-th request for memory refused, for every n
	@scripts/test/sweep.sh

.PHONY: stress
stress: ## a million random operations on calls and the engine (N=1000000, SEED=)
	@scripts/test/stress.sh $(or $(N),1000000) $(SEED)

.PHONY: fuzz
fuzz: ## one of response, arguments, transfer, json, target, webhook for a time (T=target S=60)
	@scripts/test/fuzz.sh '$(T)' $(or $(S),60)

.PHONY: asan-nginx
asan-nginx: ## the specs of nginx with the sanitizers in its workers
	@scripts/build/setup.sh test
	@$(MAKE) --no-print-directory build LUA=5.4
	@$(MAKE) --no-print-directory build LUA=jit OUT=build/asan-jit CC=gcc LD=gcc \
		CFLAGS='-O1 -g -fno-omit-frame-pointer $(SANITIZE)' LDFLAGS='$(SANITIZE)'
	@CMR_NGINX_BUILD=build/asan-jit SPECS=spec/nginx scripts/test/specs.sh 5.4

.PHONY: bench
bench: ## beside C loops on libcurl and other clients (ONLY="row ..." QUICK=1 KEEP=1)
	@scripts/build/setup.sh bench
	@$(MAKE) --no-print-directory build LUA=5.4
	@$(MAKE) --no-print-directory build LUA=jit
	@ONLY='$(ONLY)' QUICK='$(QUICK)' KEEP='$(KEEP)' scripts/test/bench.sh

.PHONY: soak
soak: ## the nginx example under faults and reloads (S=120 seconds)
	@scripts/test/soak.sh $(or $(S),120)

.PHONY: bench-pacing
bench-pacing: ## hosts that share a key's rate through Redis, and Redis killed meanwhile (S=60 seconds)
	@scripts/build/setup.sh test
	@$(MAKE) --no-print-directory build LUA=5.4
	@$(MAKE) --no-print-directory build LUA=jit
	@. build/5.4/env && S=$(S) LUA_PATH="./?.lua;$$LUA_PATH" $$(scripts/build/lua-program.sh 5.4) bench/pacing/run.lua

.PHONY: mutate
mutate: ## breaks the library one line at a time: a spec must notice
	@scripts/test/mutate.sh

##@ Documents

.PHONY: docs
docs: build ## what follows from the operations table: types, reference, OpenAPI document
	@. $(OUT)/env && $(LUA_PROGRAM) scripts/generate/init.lua

.PHONY: openapi-check
openapi-check: build ## docs/maintainers/openapi.json before outside linters, what is sent before an outside mock (npm)
	@. $(OUT)/env && scripts/test/openapi-check.sh $(LUA_PROGRAM)

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

.PHONY: always
.DELETE_ON_ERROR:
