# Building, testing, installing. `make help` explains what people type. The pipeline is in sheaf.mk and pipeline.mk.
SHELL := bash
.SHELLFLAGS := -p -eu -o pipefail -c

BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
CFLAGS  ?= -O2 -g
WARN    := -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	   -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef
VERSION := $(shell sed -n 's/^\#define SHEAF_VERSION "\(.*\)"$$/\1/p' lib/base/version.h)
DEFS    := -D_POSIX_C_SOURCE=200809L -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64

# Hardening (docs/security.md; tests/hardening.bats checks it). `make HARDEN= HARDEN_LINK=` builds without.
HARDEN      = $(eval HARDEN := $(shell CC='$(CC)' CFLAGS='$(CFLAGS)' deps/hardening))$(HARDEN)
HARDEN_LINK = $(if $(HARDEN),-z relro -z now -z noexecstack)

PROGRAMS := s3ls s3get csvcat s3put report verify
# for the scripts in libexec only, and installed beside them
INTERNAL := sheaf-work
# those that need no network: linked in another way, and run in a sandbox
OFFLINE  := csvcat report verify sheaf-work
BINS     := $(PROGRAMS:%=$(BUILD)/bin/%)
INTERNS  := $(INTERNAL:%=$(BUILD)/bin/%)
MANS     := $(PROGRAMS:%=tools/%.1)
LIBSRC   := $(wildcard lib/*/*.c lib/*/*/*.c)
LIB      := $(BUILD)/libsheaf.a
LIBOBJ   := $(patsubst %.c,$(BUILD)/%.o,$(LIBSRC))
# How the libraries are linked: LIBCURL=-lcurl takes the shared ones, else deps/libraries decides. The name of its result depends
# on the archives that are installed, because an update may bring archives that are older than the programs.
LIBCURL  =
ARCHIVES  = $(shell for name in curl ssl crypto expat jansson z c; do \
	stat -Lc %s-%Z "$$($(CC) -print-file-name=lib$$name.a)"; done 2>&1 | cksum)
LINK     := $(BUILD)/libraries-$(or $(LIBCURL),$(firstword $(ARCHIVES))).link
# --as-needed: each program links only the libraries whose functions it calls
LDLIBS   := -Wl,--as-needed @$(LINK) -lm

# one line a file; V=1 shows the commands
say = $(if $(V),,@echo '  $(1) $@'; )

.PHONY: build
build: $(BINS) $(INTERNS) ## build the programs into build/bin (the default)
	$(if $(shell cat $(LINK).lost 2> /dev/null),@cat $(LINK).lost >&2)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS) $(DEFS) -Ilib $(WARN) $(HARDEN) $(CFLAGS) -MMD -MP -c -o $@ $<

# it includes the page's template (.incbin)
$(BUILD)/lib/report/render_html.o: tools/report.html

$(LIB): $(LIBOBJ)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

$(LINK): deps/libraries
	@mkdir -p $(@D); rm -f $(BUILD)/libraries-*.link*
	@CC='$(CC)' AR='$(AR)' CFLAGS='$(CFLAGS)' $(if $(HARDEN),PIE=-pie) deps/libraries $@ $(LIBCURL)

# Copied, as install does: of a file that the linker wrote in pieces Linux caches single pages, and a start takes longer (s3get over
# TLS: 5.7 ms instead of 5.0). Renamed, so that there is a complete program or none, even if this is killed.
define link
	@mkdir -p $(@D)
	$(call say,LD)trap 'rm -f $@.$$$$.ld $@.$$$$.new' EXIT; \
		$(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -o $@.$$$$.ld $(filter %.o %.a,$^) $(LDLIBS) && \
		cp $@.$$$$.ld $@.$$$$.new && mv -f $@.$$$$.new $@
endef

$(OFFLINE:%=$(BUILD)/bin/%): LDLIBS := -Wl,--as-needed @$(LINK).offline -lm
$(BUILD)/bin/sheaf-work: $(BUILD)/tools/sheaf-work-values.o
$(BUILD)/bin/%: $(BUILD)/tools/%.o $(LIB) $(LINK)
	$(link)

# ---- tests ----------------------------------------------------------------------------------------------------

UNITS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*.c))
.PHONY: units
units: $(UNITS) ## build the unit tests

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(LIB) $(LINK)
	$(link)

# only the parts of lib/ that have nothing to do with S3: the server must not share a mistake with what it tests
$(BUILD)/bin/s3d: $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/s3d/*.c) lib/base/buf.c lib/base/err.c lib/base/num.c)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -Wl,--as-needed -lmicrohttpd -lgnutls -lcrypto -lexpat -lm -lpthread

# every fuzz target twice: with a driver that runs its corpus once (for check), and with libFuzzer
FUZZ := $(patsubst tests/fuzz/%.c,%,$(filter-out %/replay.c,$(wildcard tests/fuzz/*.c)))
.PHONY: replays fuzzers
replays: $(FUZZ:%=$(BUILD)/fuzz/%)
$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/fuzz/replay.o $(LIB) $(LINK)
	$(link)

fuzzers: $(FUZZ:%=$(BUILD)/fuzzer/%)
$(BUILD)/fuzzer/%: $(BUILD)/tests/fuzz/%.o $(LIB) $(LINK)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o %.a,$^) $(LDLIBS)

SANITIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
ASAN     := $(BUILD)/asan
# the suites that check runs; empty: all
SUITES   ?=
TEST_DEPS = deps/install build run demo test

.PHONY: check check-sanitize check-valgrind check-shared test-programs fuzz
test-programs: build units $(BUILD)/bin/s3d

check: ## run the tests, on a local server and a Ceph gateway (SUITES='s3get csvcat')
	@$(TEST_DEPS)
	@$(MAKE) --no-print-directory test-programs
	@$(MAKE) --no-print-directory BUILD=$(ASAN) CFLAGS='$(SANITIZE)' replays
	@BUILD=$(BUILD) FUZZ=$(ASAN)/fuzz tests/run $(SUITES)

check-sanitize: ## the same with AddressSanitizer and UndefinedBehaviorSanitizer
	@$(TEST_DEPS)
	@$(MAKE) --no-print-directory BUILD=$(ASAN) CFLAGS='$(SANITIZE)' test-programs replays
	@BUILD=$(ASAN) tests/run --sanitized $(SUITES)

check-valgrind: ## the unit tests under valgrind
	@$(TEST_DEPS)
	@$(MAKE) --no-print-directory units
	@BUILD=$(BUILD) tests/run --valgrind $(SUITES)

# what differs with other libraries: connections, TLS, XML, JSON, gzip
check-shared: ## the suites nearest to the libraries, with programs that link the shared ones
	@$(TEST_DEPS)
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/shared LIBCURL=-lcurl test-programs
	@QUICK=1 BUILD=$(BUILD)/shared tests/run $(or $(SUITES),s3ls s3get s3put transport)

FUZZ_S ?= 60
fuzz: ## fuzz each parser for FUZZ_S seconds (60), beginning with its corpus
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/libfuzzer CC=clang CFLAGS='$(SANITIZE) -fsanitize=fuzzer-no-link' fuzzers
	@for name in $(FUZZ); do \
		mkdir -p $(BUILD)/libfuzzer/found/$$name; \
		echo "fuzz: $$name"; \
		(cd $(BUILD)/libfuzzer && fuzzer/$$name -max_total_time=$(FUZZ_S) -print_final_stats=1 -verbosity=0 \
			found/$$name $(CURDIR)/tests/fuzz/corpus/$$name); \
	done

# ---- analysers ------------------------------------------------------------------------------------------------

C_FILES     := $(LIBSRC) $(wildcard tools/*.c tests/unit/*.c tests/fuzz/*.c tests/s3d/*.c)
SHELL_FILES := $(wildcard tests/*.bats tests/*.bash tests/rgw tests/tls tests/style tests/fixtures/*/make deps/hardening deps/install deps/libraries .ci/run deploy/*.sh bench/*.sh) \
	       $(filter-out %.awk %.mk,$(wildcard libexec/*)) bench/pipeline bench/memory bench/pss bench/list bench/csvcat bench/put bench/instructions

# a target each, so that `make -k lint` runs all of them
LINTERS := cppcheck shellcheck mandoc format style rooms names
.PHONY: lint $(LINTERS:%=lint-%)
lint: $(C_FILES:%=$(BUILD)/lint/%) $(LINTERS:%=lint-%) ## the analysers, and the rules of tests/style, tests/rooms and tests/names (-j helps)

$(BUILD)/lint/%.c: %.c $(wildcard lib/*/*.h lib/*/*/*.h tests/*/*.h) .clang-tidy
	@mkdir -p $(@D)
	$(call say,TIDY)clang-tidy --quiet $< -- -std=c11 $(DEFS) -Ilib 2> $@.err || { cat $@.err >&2; exit 1; }
	@touch $@

lint-cppcheck:
	$(call say,LINT)cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
		--error-exitcode=1 --suppress=missingIncludeSystem \
		--suppress=normalCheckLevelMaxBranches $(DEFS) -Ilib $(C_FILES)

lint-shellcheck:
	$(call say,LINT)shellcheck --external-sources $(SHELL_FILES)

lint-mandoc:
	$(call say,LINT)mandoc -T lint -W warning $(MANS)

lint-format:
	$(call say,LINT)git ls-files "*.c" "*.h" | xargs clang-format --dry-run -Werror

lint-style:
	$(call say,LINT)tests/style

lint-names:
	$(call say,LINT)tests/names $(wildcard *.md docs/*.md lib/README.md tests/README.md)

lint-rooms: $(LIBOBJ)
	$(call say,LINT)tests/rooms $(BUILD)

# ---- installing -----------------------------------------------------------------------------------------------

.PHONY: deps install uninstall
FOR ?= build run demo test lint
deps: ## install the Debian packages that are missing (FOR='build run': of these kinds only)
	@deps/install $(FOR)

BINDIR   := $(DESTDIR)$(PREFIX)/bin
MANDIR   := $(DESTDIR)$(PREFIX)/share/man/man1
SHAREDIR := $(DESTDIR)$(PREFIX)/share/sheaf
# the first lines of the installed Makefile, in which a dollar and a hash mean something
hash     := \#
in_make   = $(subst $(hash),\$(hash),$(subst $$,$$$$,$1))
define INSTALLED
export PATH := $(call in_make,$(PREFIX))/bin:$$(PATH)
SHEAF := $(call in_make,$(PREFIX))/share/sheaf/
endef
install uninstall: private export BINDIR := $(BINDIR)
install uninstall: private export MANDIR := $(MANDIR)
install uninstall: private export SHAREDIR := $(SHAREDIR)
install: private export INSTALLED := $(INSTALLED)

install: build ## install below PREFIX (/usr/local), in a staging folder if DESTDIR is set
	install -d "$$BINDIR" "$$MANDIR"
	install $(BINS) "$$BINDIR"
	for page in $(MANS); do sed 's/^\.Os sheaf$$/& $(VERSION)/' "$$page" > "$$MANDIR/$${page##*/}"; done
	chmod 644 $(PROGRAMS:%="$$MANDIR"/%.1)
	install -d "$$SHAREDIR/libexec"
	install -m 644 pipeline.mk "$$SHAREDIR"
	install libexec/* $(INTERNS) "$$SHAREDIR/libexec"
	{ printf '%s\n' "$$INSTALLED"; cat sheaf.mk; } > "$$SHAREDIR/Makefile"
	chmod 644 "$$SHAREDIR/Makefile"

uninstall: ## remove what install put there
	rm -f $(PROGRAMS:%="$$BINDIR"/%) $(PROGRAMS:%="$$MANDIR"/%.1)
	rm -rf "$$SHAREDIR"

# ---- the pipeline ---------------------------------------------------------------------------------------------

include sheaf.mk
HELP := Makefile
merge plan refresh status report verify logs settings: build

.PHONY: demo
demo: ## everything on this machine: install, build, merge from a local server, verify
	@$(MAKE) --no-print-directory deps FOR='build run demo'
	@$(MAKE) --no-print-directory build $(BUILD)/bin/s3d
	@$(PIPELINE) demo

.PHONY: clean
clean: ## delete what was built (never touches WORK)
	rm -rf $(BUILD)

# make would delete objects as intermediate files
.PRECIOUS: $(BUILD)/%.o
-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d $(BUILD)/*/*/*/*.d)
