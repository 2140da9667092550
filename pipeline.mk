# The rules of the work folder, one file a target (docs/work-folder.md). What is done is told by names alone, never
# by time stamps: a file under its final name is whole. People type `make merge`; the Makefile hands over to this file.
#
#   keys/N.tsv ──► merged/N.csv ──► put/N.json        JOBS workers that GNU parallel runs; one make a batch
#
# A setting reaches the recipes by the environment ("$$SRC"), not by expansion: it may hold any character.
SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS   += --no-builtin-rules --no-builtin-variables
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
export LC_ALL := C

HERE     := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
BUILD    ?= build
LIBEXEC  := $(HERE)libexec
export PATH := $(abspath $(BUILD))/bin:$(HERE)build/bin:$(PATH)
export PIPELINE := $(HERE)pipeline.mk

# NAME as it was given: a command line's $$ is one dollar, the environment's dollars are what they are
given = $(if $(filter command%,$(origin $1)),$($1),$(value $1))
# a prefix ends in a slash, so that names can be put behind it
prefix = $(call given,$1)$(if $(filter-out %/,$(lastword $(call given,$1))),/)

export SRC           ?=
override export DEST   := $(call prefix,DEST)
override export BACKUP := $(call prefix,BACKUP)
export WORK          ?= work
export BATCH         ?= 1000
export JOBS          ?= 50
export SUFFIX        ?= .csv .csv.gz
export EXCLUDE       ?=
export LIMIT         ?=
export UNION         ?=
export RAGGED        ?= error
export DELIMITER     ?= ,
export SOURCE_COLUMN ?=
export REJECTS       ?=
export OVERWRITE     ?=
export PROGRESS      ?=
export DEEP          ?=
export PRUNE         ?=
export ONE           ?=
export SOURCE        ?=
CONNECTIONS          ?= 20
# COLUMNS in the environment is the width of a terminal, so only the command line's is meant
export CSV_COLUMNS   := $(if $(filter command%,$(origin COLUMNS)),$(COLUMNS),$(CSV_COLUMNS))

ifneq ($(words $(WORK)),1)
$(error WORK=$(WORK): the work folder's name must not be empty and must not hold a space)
endif

# ---- one batch ------------------------------------------------------------------------------------------------

# what each program of a batch is told
EVIDENCE = --pace $(WORK)/pace --stats $(WORK)/stats/$*.ndjson
S3GET    = $(strip s3get $(EVIDENCE) --connections $(CONNECTIONS) $(S3GET_FLAGS))
CSVCAT   = $(strip csvcat --tar --stats $(WORK)/stats/$*.ndjson --ledger $(WORK)/ledger/$*.tsv \
	--about $(WORK)/about/$*.json --delimiter "$$DELIMITER" --ragged "$$RAGGED" $(if $(filter 1,$(UNION)),--union) \
	$(if $(CSV_COLUMNS),--columns "$$CSV_COLUMNS") \
	$(if $(SOURCE_COLUMN),--source-column "$$SOURCE_COLUMN") $(CSVCAT_FLAGS))
S3PUT    = $(strip s3put $(EVIDENCE) --only-writer $(CONDITION) $(S3PUT_FLAGS) --about $(WORK)/about/$*.json)

# The first time there must be no object; after a refresh it must be the one that the old receipt tells of.
OLD       = $(wildcard $(WORK)/old/$(notdir $(@D))/$*.json)
CONDITION = $(if $(filter 1,$(OVERWRITE)),,$(if $(OLD),--if-match "$$(grep -o '"etag":"[^"]*' $(OLD) | cut -c 9-)",--if-none-match))

$(WORK)/put/%.json $(WORK)/backup/%.json $(WORK)/merged/%.csv: export SHEAF_BATCH = $*
$(WORK)/put/%.json $(WORK)/backup/%.json $(WORK)/merged/%.csv: export SHEAF_LOG = $(WORK)/log/$*.ndjson

# One command each, which make starts by itself, without a shell, where no character of the line is one for the shell; else
# sh, which starts faster. Without a shell between, or with exec, a signal to what make has started reaches it.
$(WORK)/put/%.json $(WORK)/backup/%.json: private SHELL := /bin/sh
$(WORK)/put/%.json $(WORK)/backup/%.json: private .SHELLFLAGS := -ec

hash     := \#
is_plain  = $(if $(word 2,$1)$(strip $(foreach c," ' $(hash) $$ & ( ) * ; < > ? [ \ ] ^ ` { | } ~ !,$(findstring $c,$1))),,yes)
# PREFIX, the name of a variable, and RECEIPT
upload    = $(if $(call is_plain,$($1)),$(S3PUT),exec $(S3PUT)) --output $2 $(WORK)/merged/$*.csv \
	$(if $(call is_plain,$($1)),$($1),"$$$1")merged-$*.csv

$(WORK)/put/%.json: | $(WORK)/merged/%.csv $(if $(BACKUP),$(WORK)/backup/%.json)
	$(call upload,DEST,$@)
	$(if $(OLD),rm $(OLD))

$(WORK)/backup/%.json: | $(WORK)/merged/%.csv
	$(call upload,BACKUP,$@)
	$(if $(OLD),rm $(OLD))

# every member's status counts: pipefail alone would show the rightmost failure only
ifneq ($(REJECTS),1)
$(WORK)/merged/%.csv: | $(WORK)/keys/%.tsv
	set +e; $(S3GET) < $(WORK)/keys/$*.tsv | $(CSVCAT) --output $@; \
	for status in "$${PIPESTATUS[@]}"; do [[ $$status == 0 ]] || exit "$$status"; done
else
# 3: some were left out. Which, must be on disk before the rows are final
$(WORK)/merged/%.csv: | $(WORK)/keys/%.tsv
	set +e; $(S3GET) --rejects $(WORK)/reject/$*.s3get < $(WORK)/keys/$*.tsv | \
		$(CSVCAT) --rejects $(WORK)/reject/$*.csvcat --output $@.held; \
	for status in "$${PIPESTATUS[@]}"; do [[ $$status == [03] ]] || exit "$$status"; done
	$(LIBEXEC)/rejects $*
	mv $@.held $@
endif

$(WORK)/keys/%.tsv:
	$(LIBEXEC)/plan
	[[ -e $@ ]] || { echo "sheaf: $@: SRC has fewer batches" >&2; exit 1; }

# ---- the run --------------------------------------------------------------------------------------------------

# dollars for 1,000 requests, S3 Standard, us-east-1
export PRICE_GET ?= 0.0004
export PRICE_PUT ?= 0.005

.PHONY: merge plan refresh status verify logs report demo
merge:
	# lists SRC into $(WORK)/keys; GNU parallel runs $(JOBS) workers, each one make of $(WORK)/put/N.json after another
	exec $(LIBEXEC)/merge

plan:
	exec $(LIBEXEC)/plan

refresh:
	exec $(LIBEXEC)/refresh

status:
	exec $(LIBEXEC)/status

verify:
	exec $(LIBEXEC)/verify

demo:
	exec $(LIBEXEC)/demo $(abspath $(BUILD))/demo

# all events, or those of batch N (42 is 00042), in the order of time, which each line begins with
logs:
	name='$(N)'; [[ ! $$name =~ ^[0-9]{1,4}$$ ]] || printf -v name %05d "$$((10#$$name))"; \
	[[ ! $$name || $$name == listing || -e $(WORK)/keys/$$name.tsv ]] || { echo "sheaf: there is no batch $$name" >&2; exit 1; }; \
	find $(WORK)/log -name "$${name:-*}.ndjson" -exec cat {} + | sort

report:
	exec $(LIBEXEC)/report
