# The rules of a batch, and the targets that people type. The Makefile hands `make merge` over to this file.
#
#   keys/N.tsv ──► merged/N.csv ──► put/N.json        one make a batch; GNU parallel runs JOBS of them at once
#                       └─────────► backup/N.json     with BACKUP
#
# These four are targets; the other files of the work folder are written on the way (docs/work-folder.md says by whom). A file
# under its final name is complete: existence alone says what is done, never a time stamp.
#
# Settings reach scripts and recipes by the environment ("$$DELIMITER"), because they may contain any character. Only what was
# checked character by character stands in a command line.

# The folder of this file, whose name may contain any character: make itself would split it at blanks. //| stands for one.
space := $() $()
escape = $(subst ?,\?,$(subst *,\*,$(subst [,\[,$(subst $(space),\$(space),$(subst \,\\,$1)))))
self  := $(subst //|,,$(subst //|$(space),,//|$(MAKEFILE_LIST)))
self  := $(or $(wildcard $(call escape,$(self))),$(lastword $(MAKEFILE_LIST)))
HERE  := $(subst //|,$(space),$(dir $(subst $(space),//|,$(if $(filter /%,$(firstword $(self))),,$(CURDIR)/)$(self))))
include $(call escape,$(HERE))libexec/settings.mk

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

export LIBEXEC := $(HERE)libexec
BUILD    ?= build
override BUILD := $(if $(filter /%,$(firstword $(BUILD))),,$(CURDIR)/)$(BUILD)
ifneq ($(findstring :,$(HERE)$(BUILD)),)
$(error $(HERE): the folder of sheaf and BUILD must not contain a colon, which PATH is split at; rename it)
endif
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
REJECTS_MAX ?= 1%
export $(SETTINGS)
# targets that look at a run take that run's, unless one is given
ifeq ($(origin REJECTS_MAX),file)
unexport REJECTS_MAX
endif

# the names of the objects at DEST: of a batch, and of all rows with ONE=1
export BATCH_OBJECT := merged-%.csv
export ONE_OBJECT   := merged.csv

# the characters of TEXT that are special to make or to a shell
hash    := \#
special  = $(strip $(foreach c," ' $(hash) $$ & ( ) * ; < > ? [ \ ] ^ ` { | } ~ !,$(findstring $c,$1)))
# nothing if the word TEXT may stand in a command line as it is
is_plain = $(if $(word 2,$1)$(call special,$1),,yes)

# The work folder in the names of targets (in_work) and in recipes (work), and what recipes begin with (from). A name that means
# something to make or to a shell stands in neither: make is then started in the work folder (libexec/worker.bash), and recipes go
# back to where the user is (SHEAF_FROM), because settings and the environment may name files by relative names.
is_target = $(if $(or $(findstring :,$1),$(findstring %,$1),$(findstring =,$1),$(filter -%,$1),$(subst $(strip $1),,$1)),,$(call is_plain,$1))
ifneq ($(if $(SHEAF_FROM),,$(and $(WORK),$(call is_target,$(WORK)))),)
in_work := $(WORK)/
work    := $(WORK)
from    :=
else
in_work :=
work    := "$$WORK"
from    := cd "$$SHEAF_FROM";
endif

# make -t would say of files that they are complete when they are empty
ifneq ($(findstring t,$(filter-out -%,$(firstword $(MAKEFLAGS)))),)
$(error make -t does nothing here: a file in the work folder says that work was done)
endif

# ---- one batch ------------------------------------------------------------------------------------------------

# the words of NAME_FLAGS: in place if none is special, else a script splits them (libexec/with-flags)
flags = $(if $(call special,$($1)),$1,$($1))
with  = $(if $(call special,$($1)),"$$LIBEXEC/with-flags" $1)

# the command lines of a batch
EVIDENCE = --pace $(work)/pace --stats $(work)/stats/$*.ndjson
S3GET    = $(strip $(call with,S3GET_FLAGS) s3get $(EVIDENCE) --connections "$$CONNECTIONS" $(call flags,S3GET_FLAGS))
CSVCAT   = $(strip $(call with,CSVCAT_FLAGS) csvcat --tar --stats $(work)/stats/$*.ndjson --ledger $(work)/ledger/$*.tsv \
	--about $(work)/about/$*.json --delimiter "$$DELIMITER" --ragged "$$RAGGED" $(if $(filter 1,$(UNION)),--union) \
	$(if $(CSV_COLUMNS),--columns "$$CSV_COLUMNS") \
	$(if $(SOURCE_COLUMN),--source-column "$$SOURCE_COLUMN") $(call flags,CSVCAT_FLAGS))
S3PUT    = $(strip $(call with,S3PUT_FLAGS) s3put $(EVIDENCE) --only-writer $(CONDITION) $(call flags,S3PUT_FLAGS) \
	--about $(work)/about/$*.json)

# The first upload must find no object. After a refresh it must find the one that the old receipt describes.
OLD       = old/$(notdir $(@D))/$*.json
HAS_OLD   = $(wildcard $(in_work)$(OLD))
CONDITION = $(if $(filter 1,$(OVERWRITE)),,$(if $(HAS_OLD),--if-match "$$(grep -o '"etag":"[^"]*' $(work)/$(OLD) | cut -c 9-)",--if-none-match))

$(in_work)put/%.json $(in_work)backup/%.json $(in_work)merged/%.csv: export SHEAF_BATCH = $*
$(in_work)put/%.json $(in_work)backup/%.json $(in_work)merged/%.csv: export SHEAF_LOG = $(WORK)/log/$*.ndjson

# A single command. make starts it directly, without a shell, unless the line has a character that is special to the shell; then
# sh runs it, which starts faster than bash. Either way (the shell is replaced by exec) a signal to make's child reaches s3put.
$(in_work)put/%.json $(in_work)backup/%.json: private SHELL := /bin/sh
$(in_work)put/%.json $(in_work)backup/%.json: private .SHELLFLAGS := -ec
command = $(if $(call special,$1),$(from) exec $1,$1)

# upload PREFIX RECEIPT; PREFIX is the name of a variable
upload = $(call command,$(S3PUT) --output $(work)/$2/$*.json $(work)/merged/$*.csv \
	$(if $(call is_plain,$($1)),$($1),"$$$1")$(subst %,$*,$(BATCH_OBJECT)))

$(in_work)put/%.json: | $(in_work)merged/%.csv $(if $(BACKUP),$(in_work)backup/%.json)
	$(call upload,DEST,put)
	$(if $(HAS_OLD),rm $(in_work)$(OLD))

$(in_work)backup/%.json: | $(in_work)merged/%.csv
	$(call upload,BACKUP,backup)
	$(if $(HAS_OLD),rm $(in_work)$(OLD))

# The rows get their final name only when every program has succeeded, because s3get may fail after csvcat has ended, and when
# the ledger has every object of the plan. With REJECTS=1 a status of 3 says that some objects were left out; the list of them
# is on disk first.
HELD = $(work)/merged/$*.csv.held
$(in_work)merged/%.csv: | $(in_work)keys/%.tsv
ifneq ($(REJECTS),1)
	$(from) set +e; $(S3GET) < $(work)/keys/$*.tsv | $(CSVCAT) --output $(HELD); \
	[[ $${PIPESTATUS[*]} == "0 0" ]] || { rm -f $(HELD); exit 1; }; \
	exec sheaf-work release $(work) $*
else
	$(from) set +e; $(S3GET) --rejects $(work)/reject/$*.s3get < $(work)/keys/$*.tsv | \
		$(CSVCAT) --rejects $(work)/reject/$*.csvcat --output $(HELD); \
	[[ $${PIPESTATUS[*]} == [03]" "[03] ]] || { rm -f $(HELD); exit 1; }; \
	exec sheaf-work release $(work) $* rejects
endif

$(in_work)keys/%.tsv:
	$(from) "$$LIBEXEC/enter" plan
	[[ -e $@ ]] || { echo "sheaf: $@: SRC has fewer batches" >&2; exit 1; }

# ---- the run --------------------------------------------------------------------------------------------------

.PHONY: merge plan refresh status verify logs report settings demo explain
merge:
	# lists SRC into the work folder; GNU parallel runs JOBS workers, each of which makes one put/N.json after another
	exec "$$LIBEXEC/enter" merge

plan refresh status verify report logs settings:
	exec "$$LIBEXEC/enter" $@

demo:
	exec "$$LIBEXEC/enter" demo "$$BUILD/demo"

# for make -n
explain: merge $(in_work)put/N.json
