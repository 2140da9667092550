# The targets that people type to run the pipeline: `make -j50 merge SRC=... DEST=...`. Part of the Makefile, and installed on
# its own as share/sheaf/Makefile, for `make -f /usr/local/share/sheaf/Makefile -j50 merge ...`. Every target is handed over to
# pipeline.mk, together with the N of -jN, which make does not pass on. Settings go by the environment, never in a command line.

# This file, and the folder of pipeline.mk, both with any character in their names: see pipeline.mk. `make install` writes SHEAF.
space  := $() $()
escape  = $(subst ?,\?,$(subst *,\*,$(subst [,\[,$(subst $(space),\$(space),$(subst \,\\,$1)))))
self   := $(subst //|,,$(subst //|$(space),,//|$(MAKEFILE_LIST)))
self   := $(or $(wildcard $(call escape,$(self))),$(lastword $(MAKEFILE_LIST)))
ifneq ($(origin SHEAF),file)
override SHEAF := $(subst //|,$(space),$(dir $(subst $(space),//|,$(if $(filter /%,$(firstword $(self))),,$(CURDIR)/)$(self))))
endif
include $(call escape,$(SHEAF))libexec/settings.mk
quoted  = '$(subst ','\'',$1)'


# MAKEFLAGS must not reach the other make: it names a jobserver that the pipeline does not use, and repeats the settings.
HANDOVER = env -u MAKEFLAGS -u MAKELEVEL $(MAKE) -f $(call quoted,$(SHEAF)pipeline.mk)
PIPELINE = $(HANDOVER) -s
# `make -n merge` shows the rules of one batch: for that alone the recipe runs under -n, by its +
DRY = $(findstring n,$(filter-out -%,$(firstword $(MAKEFLAGS))))

.PHONY: merge plan refresh status report verify logs settings
# sh reads no file that the environment names (BASH_ENV)
merge plan refresh status report verify logs settings: private SHELL := /bin/sh
merge plan refresh status report verify logs settings: private .SHELLFLAGS := -c
# The N of -jN is in MAKEFLAGS only while a recipe runs.
ifeq ($(value JOBS),)
merge plan refresh status report verify logs settings: private override export JOBS = \
	$(or $(patsubst -j%,%,$(firstword $(filter -j%,$(MAKEFLAGS)))),50)
endif

merge: ## merge SRC into DEST: make -j50 merge SRC=s3://b/csvs/ DEST=s3://b/merged-csvs/
	$(if $(DRY),+@$(HANDOVER) -n explain,@$(PIPELINE) merge)

plan: ## only list SRC, and say what merge will do: objects, batches, requests, cost
	@$(PIPELINE) plan

refresh: ## list SRC again: the next merge makes what is new or changed
	@$(PIPELINE) refresh

status: ## the state of the work folder, and what the next merge will do
	@$(PIPELINE) status

report: ## the report of the work folder, as text and as WORK/report.html
	@$(PIPELINE) report

verify: ## check that every listed object is at DEST, once, with all its rows
	@$(PIPELINE) verify

logs: ## the events of the run in order of time; N=42: of one batch
	@$(PIPELINE) logs

settings: ## every setting: its default, what it may be, what it is for
	@$(PIPELINE) settings

# which other file has targets with a text; a Makefile that includes this one says so behind it
HELP :=
.PHONY: help
help: ## this list
	@sed -nE 's/^([a-z][a-z0-9-]*):.*## (.*)/\1\t\2/p' $(call quoted,$(self)) $(HELP) | expand -t 16
