# The settings as make takes them: their names, and what a value means. Included by sheaf.mk and pipeline.mk.
#
# Nothing in a value is expanded. In the environment every character stands for itself; on make's command line two dollars
# mean one, as make has it, and any other dollar stands for itself.
SETTINGS := SRC DEST BACKUP WORK BATCH JOBS SUFFIX EXCLUDE LIMIT UNION RAGGED DELIMITER CSV_COLUMNS SOURCE_COLUMN REJECTS \
	REJECTS_MAX OVERWRITE PROGRESS DEEP PRUNE ONE SOURCE CONNECTIONS S3GET_FLAGS S3PUT_FLAGS CSVCAT_FLAGS PRICE_GET PRICE_PUT N BUILD

define take_literally
override export $1 := $$(if $$(filter command%,$$(origin $1)),$$(subst $$$$$$$$,$$$$,$$(value $1)),$$(value $1))
endef

# COLUMNS in the environment is the width of a terminal, so only the command line's is a setting. It travels as CSV_COLUMNS:
# bash sets COLUMNS itself.
ifneq ($(filter command%,$(origin COLUMNS)),)
$(eval $(call take_literally,COLUMNS))
override export CSV_COLUMNS := $(COLUMNS)
endif

# only a dollar has a meaning to make, and this is read for every batch
$(foreach s,$(SETTINGS),$(if $(findstring $$,$(value $s)),$(eval $(call take_literally,$s))))
