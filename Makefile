# What people type. `make help` explains it. The per-batch rules are in pipeline.mk.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c

BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
CFLAGS  ?= -O2 -g
WARN    := -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	   -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef
VERSION := 0.1.0
DEFS    := -D_POSIX_C_SOURCE=200809L -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DSHEAF_VERSION='"$(VERSION)"'

PROGRAMS := s3ls s3get csvcat s3put report verify
BINS     := $(PROGRAMS:%=$(BUILD)/bin/%)
MANS     := $(PROGRAMS:%=tools/%.1)
LIB      := $(BUILD)/libsheaf.a
LIBOBJ   := $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/*.c))
# --as-needed: each program links with just the libraries whose functions it calls
LDLIBS   := -Wl,--as-needed -lcurl -lssl -lcrypto -lexpat -ljansson -lz -lm

# a line a file; V=1 shows the commands
say = $(if $(V),,@echo '  $(1) $@'; )

.PHONY: build
build: $(BINS) ## build the five programs into build/bin (the default)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS) $(DEFS) -Ilib $(WARN) $(CFLAGS) -MMD -MP -c -o $@ $<

# it holds the page's template (.incbin)
$(BUILD)/lib/render_json.o: tools/report.html

$(LIB): $(LIBOBJ)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

define link
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
endef

$(BUILD)/bin/%: $(BUILD)/tools/%.o $(LIB)
	$(link)

# ---- tests ----------------------------------------------------------------------------------------------------

UNITS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*.c))
.PHONY: units
units: $(UNITS) ## build the unit tests

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(LIB)
	$(link)

# of lib/ only what has nothing to do with S3: the server must not share a mistake with what it tests
$(BUILD)/bin/s3d: $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/s3d/*.c) lib/buf.c lib/err.c lib/num.c)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -Wl,--as-needed -lmicrohttpd -lgnutls -lcrypto -lexpat -lm -lpthread

# every fuzz target twice: with a driver that runs its corpus once (for check), and with libFuzzer
FUZZ := $(patsubst tests/fuzz/%.c,%,$(filter-out %/replay.c,$(wildcard tests/fuzz/*.c)))
.PHONY: replays fuzzers
replays: $(FUZZ:%=$(BUILD)/fuzz/%)
$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/fuzz/replay.o $(LIB)
	$(link)

fuzzers: $(FUZZ:%=$(BUILD)/fuzzer/%)
$(BUILD)/fuzzer/%: $(BUILD)/tests/fuzz/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

SANITIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
ASAN     := $(BUILD)/asan
# suites of check; empty: all
SUITES   ?=

.PHONY: check check-sanitize check-valgrind test-programs fuzz
test-programs: build units $(BUILD)/bin/s3d

check: test-programs ## run the tests, on a local server and a Ceph RADOS Gateway (SUITES='s3get csvcat')
	@$(MAKE) --no-print-directory BUILD=$(ASAN) CFLAGS='$(SANITIZE)' replays
	@BUILD=$(BUILD) FUZZ=$(ASAN)/fuzz tests/run $(SUITES)

check-sanitize: ## the same with AddressSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) --no-print-directory BUILD=$(ASAN) CFLAGS='$(SANITIZE)' test-programs replays
	@BUILD=$(ASAN) tests/run --sanitized $(SUITES)

check-valgrind: units ## the unit tests under valgrind
	@BUILD=$(BUILD) tests/run --valgrind $(SUITES)

FUZZ_S ?= 60
fuzz: ## fuzz each parser for FUZZ_S seconds (60), beginning with its corpus
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/libfuzzer CC=clang CFLAGS='$(SANITIZE) -fsanitize=fuzzer-no-link' fuzzers
	@for name in $(FUZZ); do \
		mkdir -p $(BUILD)/libfuzzer/found/$$name; \
		echo "fuzz: $$name"; \
		(cd $(BUILD)/libfuzzer && fuzzer/$$name -max_total_time=$(FUZZ_S) -print_final_stats=1 -verbosity=0 \
			found/$$name $(CURDIR)/tests/fuzz/corpus/$$name); \
	done

# ---- what analysers say ---------------------------------------------------------------------------------------

C_FILES     := $(wildcard lib/*.c tools/*.c tests/unit/*.c tests/fuzz/*.c tests/s3d/*.c)
SHELL_FILES := $(wildcard tests/*.bats tests/*.bash tests/rgw tests/tls tests/style deps/install .ci/run deploy/*.sh bench/*.sh) \
	       $(filter-out %.awk,$(wildcard libexec/*)) bench/pipeline bench/memory bench/pss

.PHONY: lint lint-text
lint: $(C_FILES:%=$(BUILD)/lint/%) lint-text ## clang-tidy, cppcheck, shellcheck, mandoc, tests/style (-j helps)

$(BUILD)/lint/%.c: %.c $(wildcard lib/*.h tests/*/*.h) .clang-tidy
	@mkdir -p $(@D)
	clang-tidy --quiet $< -- -std=c11 $(DEFS) -Ilib 2> $@.err || { cat $@.err >&2; exit 1; }
	@touch $@

lint-text:
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem $(DEFS) -Ilib $(C_FILES)
	shellcheck --external-sources $(SHELL_FILES)
	mandoc -T lint -W warning $(MANS)
	tests/style

# ---- installing -----------------------------------------------------------------------------------------------

.PHONY: deps install uninstall
FOR ?= build run demo test lint
deps: ## install the Debian packages that are missing (FOR='build run': of these kinds only)
	@deps/install $(FOR)

BINDIR   := $(DESTDIR)$(PREFIX)/bin
MANDIR   := $(DESTDIR)$(PREFIX)/share/man/man1
SHAREDIR := $(DESTDIR)$(PREFIX)/share/sheaf

install: build ## install below PREFIX (/usr/local), in a staging folder if DESTDIR is set
	install -d '$(BINDIR)' '$(MANDIR)'
	install $(BINS) '$(BINDIR)'
	install -m 644 $(MANS) '$(MANDIR)'
	install -d '$(SHAREDIR)/libexec'
	install -m 644 pipeline.mk '$(SHAREDIR)'
	install libexec/* '$(SHAREDIR)/libexec'

uninstall: ## remove what install put there
	rm -f $(PROGRAMS:%='$(BINDIR)/%') $(PROGRAMS:%='$(MANDIR)/%.1')
	rm -rf '$(SHAREDIR)'

# ---- the pipeline: pipeline.mk and libexec/ do the work, on the work folder ---------------------------------------

# The N of make -jN is in MAKEFLAGS only while a recipe runs. MAKEFLAGS itself must not reach the other make: its jobserver
# is not ours, and settings go by the environment, where they may hold any character.
J = $(patsubst -j%,%,$(firstword $(filter -j%,$(MAKEFLAGS))))
PIPELINE = env -u MAKEFLAGS -u MAKELEVEL JOBS=$(or $(JOBS),$(J),50) $(MAKE) -s -f pipeline.mk
# COLUMNS in the environment is a terminal's width
export CSV_COLUMNS = $(if $(filter command%,$(origin COLUMNS)),$(COLUMNS))
# make -n merge explains a run with the rules of one batch, N
DRY = $(findstring n,$(filter-out -%,$(firstword $(MAKEFLAGS))))
EXPLAIN = env -u MAKEFLAGS -u MAKELEVEL JOBS=$(or $(JOBS),$(J),50) $(MAKE) -n -f pipeline.mk
WORK ?= work

.PHONY: merge plan status report verify logs demo
merge: build ## make -j50 merge SRC=s3://bucket/csvs/ DEST=s3://bucket/merged-csvs/
	+@$(if $(DRY),$(EXPLAIN) merge $(WORK)/put/N.json,$(PIPELINE) merge)

plan: build ## list SRC only, and tell what merge will do: objects, batches, requests, cost
	@$(PIPELINE) plan

status: ## how the work folder stands, and what the next make merge does
	@$(PIPELINE) status

report: $(BUILD)/bin/report ## the report of the work folder, as text and as WORK/report.html
	@$(PIPELINE) report

verify: build ## check that every listed object is at DEST, once, with all its rows
	@$(PIPELINE) verify

demo: ## install what is missing, build, start a local S3 server, merge, verify, report
	@$(MAKE) --no-print-directory deps FOR='build run demo'
	@$(MAKE) --no-print-directory build $(BUILD)/bin/s3d
	@$(PIPELINE) demo

logs: ## the events of the run in the order of time; N=00042: of one batch
	@$(PIPELINE) logs

.PHONY: clean
clean: ## delete what was built (never touches WORK)
	rm -rf $(BUILD)

.PHONY: help
help: ## this list
	@sed -nE 's/^([a-z][a-z0-9-]*):.*## (.*)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

.SECONDARY:
-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d)
