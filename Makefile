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

PROGRAMS := s3ls s3get csvcat s3put report
BINS     := $(PROGRAMS:%=$(BUILD)/bin/%)
MANS     := $(PROGRAMS:%=tools/%.1)
LIB      := $(BUILD)/libsheaf.a
LIBOBJ   := $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/*.c))
# --as-needed: each program links with just the libraries whose functions it calls
LDLIBS   := -Wl,--as-needed -lcurl -lssl -lcrypto -lexpat -ljansson -lz -lm

.PHONY: build
build: $(BINS) ## build the five programs into build/bin (the default)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(DEFS) -Ilib $(WARN) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(LIBOBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/bin/%: $(BUILD)/tools/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)

UNITS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*.c))
.PHONY: units
units: $(UNITS) ## build the unit tests

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)

# of lib/ only what has nothing to do with S3: the server must not share a mistake with what it tests
$(BUILD)/bin/s3d: $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/s3d/*.c) lib/buf.c lib/err.c lib/num.c)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -Wl,--as-needed -lmicrohttpd -lgnutls -lcrypto -lexpat -lm -lpthread

.PHONY: clean
clean: ## delete what was built (never touches WORK)
	rm -rf $(BUILD)

.PHONY: help
help: ## this list
	@sed -nE 's/^([a-z][a-z0-9-]*):.*## (.*)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

.SECONDARY:
-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d)
