# The rules of a batch, and the targets that people type. The Makefile hands `make merge` over to this file.
#
#   keys/N.tsv ──► merged/N.csv ──► put/N.json        one make a batch; GNU parallel runs JOBS of them at once
#                       └─────────► backup/N.json     with BACKUP
#
# These four are targets; the other files of the work folder are written on the way (docs/work-folder.md says by whom). A file
# under its final name is complete: existence alone says what is done, never a time stamp.
#
# Recipes take settings from the environment ("$$SRC"), because they may contain any character.
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

# NAME as it was given: on the command line $$ means one dollar, in the environment every dollar stands for itself
given = $(if $(filter command%,$(origin $1)),$($1),$(value $1))
# a prefix, with a slash at its end so that names can be appended
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
# only on the command line: COLUMNS in the environment is the width of a terminal
export CSV_COLUMNS   := $(if $(filter command%,$(origin COLUMNS)),$(COLUMNS),$(CSV_COLUMNS))

ifneq ($(words $(WORK)),1)
$(error WORK=$(WORK): the name of the work folder must not be empty and must not contain a space)
endif

# the names of the objects at DEST: of a batch, and of all rows with ONE=1
export BATCH_OBJECT := merged-%.csv
export ONE_OBJECT   := merged.csv

# make -t would say of files that they are complete when they are empty
ifneq ($(findstring t,$(filter-out -%,$(firstword $(MAKEFLAGS)))),)
$(error make -t does nothing here: a file in the work folder says that work was done)
endif

# ---- one batch ------------------------------------------------------------------------------------------------

# the command lines of a batch
EVIDENCE = --pace $(WORK)/pace --stats $(WORK)/stats/$*.ndjson
S3GET    = $(strip s3get $(EVIDENCE) --connections $(CONNECTIONS) $(S3GET_FLAGS))
CSVCAT   = $(strip csvcat --tar --stats $(WORK)/stats/$*.ndjson --ledger $(WORK)/ledger/$*.tsv \
	--about $(WORK)/about/$*.json --delimiter "$$DELIMITER" --ragged "$$RAGGED" $(if $(filter 1,$(UNION)),--union) \
	$(if $(CSV_COLUMNS),--columns "$$CSV_COLUMNS") \
	$(if $(SOURCE_COLUMN),--source-column "$$SOURCE_COLUMN") $(CSVCAT_FLAGS))
S3PUT    = $(strip s3put $(EVIDENCE) --only-writer $(CONDITION) $(S3PUT_FLAGS) --about $(WORK)/about/$*.json)

# The first upload must find no object. After a refresh it must find the one that the old receipt describes.
OLD       = $(wildcard $(WORK)/old/$(notdir $(@D))/$*.json)
CONDITION = $(if $(filter 1,$(OVERWRITE)),,$(if $(OLD),--if-match "$$(grep -o '"etag":"[^"]*' $(OLD) | cut -c 9-)",--if-none-match))

$(WORK)/put/%.json $(WORK)/backup/%.json $(WORK)/merged/%.csv: export SHEAF_BATCH = $*
$(WORK)/put/%.json $(WORK)/backup/%.json $(WORK)/merged/%.csv: export SHEAF_LOG = $(WORK)/log/$*.ndjson

# A single command. make starts it directly, without a shell, unless the line has a character that is special to the shell; then
# sh runs it, which starts faster than bash. Either way (the shell is replaced by exec) a signal to make's child reaches s3put.
$(WORK)/put/%.json $(WORK)/backup/%.json: private SHELL := /bin/sh
$(WORK)/put/%.json $(WORK)/backup/%.json: private .SHELLFLAGS := -ec

hash     := \#
is_plain  = $(if $(word 2,$1)$(strip $(foreach c," ' $(hash) $$ & ( ) * ; < > ? [ \ ] ^ ` { | } ~ !,$(findstring $c,$1))),,yes)
# upload PREFIX RECEIPT; PREFIX is the name of a variable
upload    = $(if $(call is_plain,$($1)),$(S3PUT),exec $(S3PUT)) --output $2 $(WORK)/merged/$*.csv \
	$(if $(call is_plain,$($1)),$($1),"$$$1")$(subst %,$*,$(BATCH_OBJECT))

$(WORK)/put/%.json: | $(WORK)/merged/%.csv $(if $(BACKUP),$(WORK)/backup/%.json)
	$(call upload,DEST,$@)
	$(if $(OLD),rm $(OLD))

$(WORK)/backup/%.json: | $(WORK)/merged/%.csv
	$(call upload,BACKUP,$@)
	$(if $(OLD),rm $(OLD))

# the status of every program counts; with pipefail alone the last failure would hide the others
ifneq ($(REJECTS),1)
$(WORK)/merged/%.csv: | $(WORK)/keys/%.tsv
	set +e; $(S3GET) < $(WORK)/keys/$*.tsv | $(CSVCAT) --output $@; \
	for status in "$${PIPESTATUS[@]}"; do [[ $$status == 0 ]] || exit "$$status"; done
else
# status 3: some were left out. The list of them must be on disk before the rows get their final name
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

# dollars per 1,000 requests: S3 Standard, us-east-1
export PRICE_GET ?= 0.0004
export PRICE_PUT ?= 0.005

.PHONY: merge plan refresh status verify logs report demo
merge:
	# lists SRC into $(WORK)/keys; GNU parallel runs $(JOBS) workers, each of which makes one $(WORK)/put/N.json after another
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

# the events of all batches, or of batch N (42 is 00042), in order of time: each line begins with its time
logs:
	name='$(N)'; [[ ! $$name =~ ^[0-9]{1,4}$$ ]] || printf -v name %05d "$$((10#$$name))"; \
	[[ ! $$name || $$name == listing || -e $(WORK)/keys/$$name.tsv ]] || { echo "sheaf: there is no batch $$name" >&2; exit 1; }; \
	find $(WORK)/log -name "$${name:-*}.ndjson" -exec cat {} + | sort

report:
	exec $(LIBEXEC)/report
