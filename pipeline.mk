# The rules of a batch, and the targets that people type. The Makefile hands `make merge` over to this file.
#
#   keys/N.tsv ──► merged/N.csv ──► put/N.json        one make a batch; GNU parallel runs JOBS of them at once
#                       └─────────► backup/N.json     with BACKUP
#
# These four are targets; the other files of the work folder are written on the way (docs/work-folder.md says by whom). A file
# under its final name is complete: existence alone says what is done, never a time stamp.
#
# Settings reach scripts and recipes by the environment ("$$DELIMITER"), because they may contain any character. Only WORK and
# what was checked character by character stands in a command line.
HERE     := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
include $(HERE)settings.mk

SHELL       := bash
# -p: nothing that the environment says to bash (BASH_ENV, SHELLOPTS, functions) counts
.SHELLFLAGS := -p -eu -o pipefail -c
MAKEFLAGS   += --no-builtin-rules --no-builtin-variables
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
# what the caller had, for a process that provides credentials (libexec/enter)
ifneq ($(origin LC_ALL)$(value SHEAF_CALLER),undefined)
export SHEAF_CALLER_LC_ALL := $(value LC_ALL)
endif
export LC_ALL := C
# no link in the work folder is followed (lib/base/path.h)
export SHEAF_NOFOLLOW := 1

LIBEXEC  := $(HERE)libexec
BUILD    ?= build
override BUILD := $(abspath $(BUILD))
# libexec/ comes last: sheaf-work is installed there
export PATH := $(BUILD)/bin:$(HERE)build/bin:$(value PATH):$(LIBEXEC)
export PIPELINE := $(HERE)pipeline.mk

# a prefix, with a slash at its end so that names can be appended
prefix = $($1)$(if $(filter-out %/,$(lastword $($1))),/)
override DEST   := $(call prefix,DEST)
override BACKUP := $(call prefix,BACKUP)
WORK        ?= work
BATCH       ?= 1000
JOBS        ?= 50
SUFFIX      ?= .csv .csv.gz
RAGGED      ?= error
DELIMITER   ?= ,
CONNECTIONS ?= 20
# dollars per 1,000 requests: S3 Standard, us-east-1
PRICE_GET   ?= 0.0004
PRICE_PUT   ?= 0.005
export $(SETTINGS)

# the names of the objects at DEST: of a batch, and of all rows with ONE=1
export BATCH_OBJECT := merged-%.csv
export ONE_OBJECT   := merged.csv

# the characters of TEXT that are special to make or to a shell
hash    := \#
special  = $(strip $(foreach c," ' $(hash) $$ & ( ) * ; < > ? [ \ ] ^ ` { | } ~ !,$(findstring $c,$1)))
# nothing if the word TEXT may stand in a command line as it is
is_plain = $(if $(word 2,$1)$(call special,$1),,yes)

ifneq ($(words $(WORK)),1)
$(error WORK: the name of the work folder must not be empty and must not contain a space)
endif
ifneq ($(call special,$(WORK))$(strip $(foreach c,% : =,$(findstring $c,$(WORK))))$(filter -%,$(WORK)),)
$(error WORK: the name of the work folder must not begin with - and must not contain any of " ' $(hash) $$ % & ( ) * : ; < = > ? [ \ ] ^ ` { | } ~ !)
endif

# make -t would say of files that they are complete when they are empty
ifneq ($(findstring t,$(filter-out -%,$(firstword $(MAKEFLAGS)))),)
$(error make -t does nothing here: a file in the work folder says that work was done)
endif

# ---- one batch ------------------------------------------------------------------------------------------------

# the words of NAME_FLAGS: in place if none is special, else a script splits them (libexec/with-flags)
flags = $(if $(call special,$($1)),$1,$($1))
with  = $(if $(call special,$($1)),$(LIBEXEC)/with-flags $1)

# the command lines of a batch
EVIDENCE = --pace $(WORK)/pace --stats $(WORK)/stats/$*.ndjson
S3GET    = $(strip $(call with,S3GET_FLAGS) s3get $(EVIDENCE) --connections "$$CONNECTIONS" $(call flags,S3GET_FLAGS))
CSVCAT   = $(strip $(call with,CSVCAT_FLAGS) csvcat --tar --stats $(WORK)/stats/$*.ndjson --ledger $(WORK)/ledger/$*.tsv \
	--about $(WORK)/about/$*.json --delimiter "$$DELIMITER" --ragged "$$RAGGED" $(if $(filter 1,$(UNION)),--union) \
	$(if $(CSV_COLUMNS),--columns "$$CSV_COLUMNS") \
	$(if $(SOURCE_COLUMN),--source-column "$$SOURCE_COLUMN") $(call flags,CSVCAT_FLAGS))
S3PUT    = $(strip $(call with,S3PUT_FLAGS) s3put $(EVIDENCE) --only-writer $(CONDITION) $(call flags,S3PUT_FLAGS) \
	--about $(WORK)/about/$*.json)

# The first upload must find no object. After a refresh it must find the one that the old receipt describes.
OLD       = $(wildcard $(WORK)/old/$(notdir $(@D))/$*.json)
CONDITION = $(if $(filter 1,$(OVERWRITE)),,$(if $(OLD),--if-match "$$(grep -o '"etag":"[^"]*' $(OLD) | cut -c 9-)",--if-none-match))

$(WORK)/put/%.json $(WORK)/backup/%.json $(WORK)/merged/%.csv: export SHEAF_BATCH = $*
$(WORK)/put/%.json $(WORK)/backup/%.json $(WORK)/merged/%.csv: export SHEAF_LOG = $(WORK)/log/$*.ndjson

# A single command. make starts it directly, without a shell, unless the line has a character that is special to the shell; then
# sh runs it, which starts faster than bash. Either way (the shell is replaced by exec) a signal to make's child reaches s3put.
$(WORK)/put/%.json $(WORK)/backup/%.json: private SHELL := /bin/sh
$(WORK)/put/%.json $(WORK)/backup/%.json: private .SHELLFLAGS := -ec

# upload PREFIX RECEIPT; PREFIX is the name of a variable
upload = $(if $(call is_plain,$($1)),$(S3PUT),exec $(S3PUT)) --output $2 $(WORK)/merged/$*.csv \
	$(if $(call is_plain,$($1)),$($1),"$$$1")$(subst %,$*,$(BATCH_OBJECT))

$(WORK)/put/%.json: | $(WORK)/merged/%.csv $(if $(BACKUP),$(WORK)/backup/%.json)
	$(call upload,DEST,$@)
	$(if $(OLD),rm $(OLD))

$(WORK)/backup/%.json: | $(WORK)/merged/%.csv
	$(call upload,BACKUP,$@)
	$(if $(OLD),rm $(OLD))

# The rows get their final name only when every program has succeeded, because s3get may fail after csvcat has ended, and when
# the ledger has every object of the plan. With REJECTS=1 a status of 3 says that some objects were left out; the list of them
# is on disk first.
$(WORK)/merged/%.csv: | $(WORK)/keys/%.tsv
ifneq ($(REJECTS),1)
	set +e; $(S3GET) < $(WORK)/keys/$*.tsv | $(CSVCAT) --output $@.held; \
	[[ $${PIPESTATUS[*]} == "0 0" ]] || { rm -f $@.held; exit 1; }; \
	exec sheaf-work release $(WORK) $*
else
	set +e; $(S3GET) --rejects $(WORK)/reject/$*.s3get < $(WORK)/keys/$*.tsv | \
		$(CSVCAT) --rejects $(WORK)/reject/$*.csvcat --output $@.held; \
	[[ $${PIPESTATUS[*]} == [03]" "[03] ]] || { rm -f $@.held; exit 1; }; \
	exec sheaf-work release $(WORK) $* rejects
endif

$(WORK)/keys/%.tsv:
	$(LIBEXEC)/enter plan
	[[ -e $@ ]] || { echo "sheaf: $@: SRC has fewer batches" >&2; exit 1; }

# ---- the run --------------------------------------------------------------------------------------------------

.PHONY: merge plan refresh status verify logs report settings demo explain
merge:
	# lists SRC into the work folder; GNU parallel runs JOBS workers, each of which makes one put/N.json after another
	exec $(LIBEXEC)/enter merge

plan refresh status verify report logs settings:
	exec $(LIBEXEC)/enter $@

demo:
	exec $(LIBEXEC)/enter demo "$$BUILD/demo"

# for make -n
explain: merge $(WORK)/put/N.json
