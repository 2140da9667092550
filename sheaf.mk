# What people type to run the pipeline: `make -j50 merge SRC=... DEST=...`. Part of the Makefile, and installed by itself as
# share/sheaf/Makefile, for `make -f /usr/local/share/sheaf/Makefile -j50 merge ...`. Everything is handed over to
# pipeline.mk, with what make keeps to itself: the N of -jN.
SHEAF := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
WORK  ?= work

# The N of make -jN is in MAKEFLAGS only while a recipe runs. MAKEFLAGS itself must not reach the other make: its jobserver
# is not ours, and settings go by the environment, where they may hold any character.
J        = $(patsubst -j%,%,$(firstword $(filter -j%,$(MAKEFLAGS))))
HANDOVER = env -u MAKEFLAGS -u MAKELEVEL JOBS=$(or $(JOBS),$(J),50) $(MAKE) -f $(SHEAF)pipeline.mk
PIPELINE = $(HANDOVER) -s
# COLUMNS in the environment is a terminal's width
export CSV_COLUMNS = $(if $(filter command%,$(origin COLUMNS)),$(COLUMNS))
# make -n merge explains a run with the rules of one batch, N
DRY = $(findstring n,$(filter-out -%,$(firstword $(MAKEFLAGS))))

.PHONY: merge plan refresh status report verify logs
merge: ## merge SRC into DEST: make -j50 merge SRC=s3://b/csvs/ DEST=s3://b/merged-csvs/
	+@$(if $(DRY),$(HANDOVER) -n merge $(WORK)/put/N.json,$(PIPELINE) merge)

plan: ## list SRC only, and tell what merge will do: objects, batches, requests, cost
	@$(PIPELINE) plan

refresh: ## list SRC again: the next make merge makes what is new or changed
	@$(PIPELINE) refresh

status: ## how the work folder stands, and what the next make merge does
	@$(PIPELINE) status

report: ## the report of the work folder, as text and as WORK/report.html
	@$(PIPELINE) report

verify: ## check that every listed object is at DEST, once, with all its rows
	@$(PIPELINE) verify

logs: ## the events of the run in the order of time; N=42: of one batch
	@$(PIPELINE) logs

.PHONY: help
help: ## this list
	@sed -nE 's/^([a-z][a-z0-9-]*):.*## (.*)/\1\t\2/p' $(filter %sheaf.mk,$(MAKEFILE_LIST)) $(filter %akefile,$(MAKEFILE_LIST)) | expand -t 16
