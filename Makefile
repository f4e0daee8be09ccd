# tenuto: one flat makefile. `make help` lists every target with a sentence.
#
#   BUILD=dir   where everything generated goes (default: build)
#   CC=clang    the other compiler, in $(BUILD)/clang
#   SAN=1       with address and undefined-behaviour sanitizers, in $(BUILD)/san
#   ROOM=dsl    only this room's unit tests               V=1     whole commands, every test's name

BUILD ?= build
PREFIX ?= /usr
DESTDIR ?=
ROOM ?=
ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(MAKELEVEL)$(filter -j% --jobs%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j2
endif
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# Objects made in different ways never mix: each way has its own directory.
OUT := $(BUILD)$(if $(findstring clang,$(CC)),/clang)$(if $(SAN),/san)
export BUILD OUT CC V

CFLAGS ?= -O2 -g
CFLAGS_ALL := -std=gnu17 $(CFLAGS) -Wall -Wextra -Wshadow -Wconversion -Werror \
	-Wframe-larger-than=16384 -D_GNU_SOURCE -I. -MMD -MP
LDFLAGS_ALL := -Wl,--as-needed $(LDFLAGS)
ifeq ($(findstring clang,$(CC)),)
# Text for people is bounded and may be cut short; gcc would call every such place a mistake.
CFLAGS_ALL += -Wno-format-truncation
endif
ifdef SAN
# The sanitizers pad every frame, so the frame limit is checked by the plain builds only.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS_ALL += $(SANITIZE) -O1 -fno-omit-frame-pointer -Wno-frame-larger-than
LDFLAGS_ALL += $(SANITIZE)
endif

# ---- rooms: one archive each, its files found by wildcard; files with a main() stay out ----------

ROOMS := ha dsl metadata quorum fence agentd console
MAINS := fence/keeper_main.c agentd/main.c console/main.c console/door/main.c
SOURCES_ha := $(wildcard ha/*/*.c)
SOURCES_dsl := $(wildcard dsl/*.c)
SOURCES_quorum := $(wildcard quorum/*.c)
SOURCES_fence := $(wildcard fence/*.c)
SOURCES_metadata := $(wildcard agentd/metadata/*.c)
SOURCES_agentd := $(wildcard agentd/*.c)
SOURCES_console := $(wildcard console/*.c console/screen/*.c console/door/*.c)
SOURCES_fakes := $(wildcard tests/fakes/*.c)

# What a room is linked with. The order is the arrows' order, so no archive is needed twice.
SEES_ha := ha
SEES_dsl := dsl ha
SEES_metadata := metadata dsl ha
SEES_quorum := quorum ha
SEES_fence := fence ha
SEES_agentd := agentd quorum fence metadata dsl ha
SEES_console := console metadata dsl ha

# Libraries; --as-needed keeps out of a program whatever it does not call.
LIBS_ha := -ljansson -lsystemd
LIBS_dsl := $(LIBS_ha)
LIBS_metadata := -lexpat $(LIBS_dsl)
LIBS_quorum := -lcpg -lquorum -lvotequorum -lcmap -lcfg -lsqlite3 -lpthread $(LIBS_ha)
LIBS_fence := $(LIBS_ha)
LIBS_agentd := -lconfig -lexpat $(LIBS_quorum)
LIBS_console := -lreadline -lncursesw -ltinfo -lconfig -lssh $(LIBS_metadata)

# What is made, a short line each; the whole command with V=1, nothing with -s.
is_silent := $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
said = $(if $(V),,@$(if $(is_silent),:,echo '  $(1)');)

objects = $(patsubst %.c,$(OUT)/obj/%.o,$(1))
archives = $(patsubst %,$(OUT)/%.a,$(SEES_$(1)))

# The list is a file of its own so that a source that went away also leaves the archive.
define ARCHIVE
OBJECTS_$(1) := $(call objects,$(filter-out $(MAINS),$(SOURCES_$(1))))
$(OUT)/$(1).list: FORCE
	@mkdir -p $$(@D); echo '$$(OBJECTS_$(1))' | cmp -s - $$@ || echo '$$(OBJECTS_$(1))' >$$@
$(OUT)/$(1).a: $(OUT)/$(1).list $$(OBJECTS_$(1))
	@rm -f $$@; $(AR) rcs $$@ $$(OBJECTS_$(1))
endef
$(foreach room,$(ROOMS) fakes,$(eval $(call ARCHIVE,$(room))))

$(OUT)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call said,CC $<)$(CC) $(CFLAGS_ALL) -c -o $@ $<

# The explanations are built in by the assembler, of which the compiler's .d files know nothing.
$(OUT)/obj/dsl/explain.o: $(wildcard dsl/explain/*.txt)

# ---- programs: built once their main file is there -----------------------------------------------

link = $(call said,LD $(@F))$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o %.a,$^)
PROGRAMS :=
ifneq ($(wildcard console/main.c),)
PROGRAMS += tenuto
$(OUT)/tenuto: $(OUT)/obj/console/main.o $(call archives,console)
	$(link) $(LIBS_console)
endif
ifneq ($(wildcard console/door/main.c),)
PROGRAMS += tenuto-door
$(OUT)/tenuto-door: $(OUT)/obj/console/door/main.o $(call archives,console)
	$(link) $(LIBS_console)
endif
ifneq ($(wildcard agentd/main.c),)
PROGRAMS += tenutod
$(OUT)/tenutod: $(OUT)/obj/agentd/main.o $(call archives,agentd)
	$(link) $(LIBS_agentd)
endif
# tenutod as of releases to come, for the story of mixed versions: tests/newer says what is other.
NEWER := $(OUT)/tenutod-minor $(OUT)/tenutod-major
NEWER_WRAPS := wire_pack member_tell member_propose store_take_requests store_mend history_open
NEWER_minor := -DRING_MINOR=99 -DNEWER_IS_MAJOR=false
NEWER_major := -DRING_MAJOR=99 -DRING_MINOR=0 -DNEWER_IS_MAJOR=true
$(OUT)/obj/newer-%/newer.o: tests/newer/newer.c
	@mkdir -p $(@D)
	$(call said,CC $< ($*))$(CC) $(CFLAGS_ALL) $(NEWER_$*) -c -o $@ $<
$(OUT)/obj/newer-%/version.o: quorum/wire_version.c
	@mkdir -p $(@D)
	$(call said,CC $< ($*))$(CC) $(CFLAGS_ALL) $(NEWER_$*) -c -o $@ $<
$(NEWER): $(OUT)/tenutod-%: $(OUT)/obj/newer-%/newer.o $(OUT)/obj/newer-%/version.o \
	$(OUT)/obj/agentd/main.o $(call archives,agentd)
	$(link) $(NEWER_WRAPS:%=-Wl,--wrap=%) $(LIBS_agentd)
ifneq ($(wildcard fence/keeper_main.c),)
PROGRAMS += tenuto-keeper
# libc and nothing else: what stands between us and a reset must not wait for anybody's library.
$(OUT)/tenuto-keeper: $(OUT)/obj/fence/keeper_main.o $(call archives,fence)
	$(link)
endif
LAB := $(patsubst tests/lab/%.c,$(OUT)/lab-%,$(wildcard tests/lab/*.c))
$(LAB): $(OUT)/lab-%: $(OUT)/obj/tests/lab/%.o $(OUT)/ha.a
	$(link)

# tests/screens/NAME.c are the programs of tests/screens/run: the text canvas, an agent that acts.
SCREENS := $(patsubst tests/screens/%.c,$(OUT)/screens-%,$(wildcard tests/screens/*.c))
$(SCREENS): $(OUT)/screens-%: $(OUT)/obj/tests/screens/%.o $(OUT)/fakes.a $(call archives,console)
	$(link) $(LIBS_console)

# What tests/bench measures: the core, and nothing that it does not need.
BENCH := $(OUT)/bench
$(BENCH): $(call objects,$(wildcard tests/bench/*.c)) $(OUT)/ha.a
	$(link) $(LIBS_ha) -lm

# The language has a program of its own: the core does not know it.
BENCH_LANGUAGE := $(OUT)/bench-language
$(BENCH_LANGUAGE): $(call objects,$(wildcard tests/bench/language/*.c)) $(call archives,dsl)
	$(link) $(LIBS_dsl)

# What agreeing takes, in a lab with real corosync.
BENCH_CLUSTER := $(OUT)/bench-cluster
$(BENCH_CLUSTER): $(call objects,$(wildcard tests/bench/cluster/*.c)) $(OUT)/ha.a
	$(link) $(LIBS_ha) -lcpg

# tests/swarm/swarm.c and small.c are programs; the other files of the folder belong to both. Only
# the core is in them, so that planted faults are built in seconds.
# Another seed with every commit; it is printed, and SEED=n on make's command line plays it again.
HISTORIES ?= 300
SWARM_SEED := $(if $(filter command,$(firstword $(origin SEED))),$(SEED),$$((0x$$(git \
	rev-parse --short=7 HEAD 2>/dev/null | cut -c 1-7 | grep . || echo 1))))
SWARM_MAINS := tests/swarm/swarm.c tests/swarm/small.c
SWARM_SOURCES := $(filter-out $(SWARM_MAINS),$(wildcard tests/swarm/*.c))
SWARM := $(patsubst tests/swarm/%.c,$(OUT)/%,$(wildcard $(SWARM_MAINS)))
$(SWARM): $(OUT)/%: $(OUT)/obj/tests/swarm/%.o $(call objects,$(SWARM_SOURCES)) $(OUT)/ha.a
	$(link) $(LIBS_ha)

# People call ./tenuto: the default build leaves links at the top.
ifeq ($(OUT),build)
TOP_LINKS := $(PROGRAMS)
$(TOP_LINKS): %: build/%
	@ln -sfn build/$@ $@
endif

# ---- unit tests: tests/unit/ROOM/.../test_NAME.c is one program ----------------------------------

# It is linked with the other .c files of its folder, the fakes, and the archives its room may see.
# A fake wins over the real maker of the same header; a test_NAME_real.c is linked without fakes.
UNIT_SOURCES := $(sort $(shell find tests/unit/$(ROOM) -name '*.c' 2>/dev/null))
UNIT_TESTS := $(foreach f,$(UNIT_SOURCES),$(if $(filter test_%,$(notdir $(f))),$(f)))
UNIT_PROGRAMS := $(patsubst tests/%.c,$(OUT)/%,$(UNIT_TESTS))
folder_helpers = $(filter-out $(UNIT_TESTS),$(foreach f,$(UNIT_SOURCES),$(if \
	$(filter $(dir $(1)),$(dir $(f))),$(f))))

define UNIT_PROGRAM
$(patsubst tests/%.c,$(OUT)/%,$(1)): $(call objects,$(1) $(call folder_helpers,$(1))) \
	$(if $(filter %_real.c,$(1)),,$(OUT)/fakes.a) $(call archives,$(2))
	@mkdir -p $$(@D)
	$$(link) -lcmocka $(LIBS_$(2)) -lpthread -lm
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call UNIT_PROGRAM,$(t),$(word 3,$(subst /, ,$(t))))))

# ---- fuzzing: tests/fuzz/fuzz_NAME.c is one program, built by clang with libFuzzer ---------------

# The objects are made once for all of them, in a directory of their own; only what is tested is
# watched for what it reaches.
FUZZ_SECONDS ?= 20
FUZZ_OUT := $(BUILD)/fuzz
FUZZ_LOOKS := -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_CC := clang -std=gnu17 -O1 -g -Wall -Wextra -Wshadow -Wconversion -Werror -D_GNU_SOURCE -I. \
	-MMD -MP $(FUZZ_LOOKS)
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_SHARED := $(filter-out $(FUZZ_SOURCES),$(wildcard tests/fuzz/*.c)) \
	tests/unit/dsl/dsl_test.c tests/unit/dsl/random_policy.c
FUZZ_ROOM := $(patsubst %.c,$(FUZZ_OUT)/obj/%.o,$(FUZZ_SHARED) quorum/wire.c \
	quorum/wire_version.c quorum/ring.c agentd/metadata/describe.c $(SOURCES_dsl) $(SOURCES_ha))
# What only some of them drive.
FUZZ_ROOM_join := console/door/words.c console/door/token.c
FUZZ_ROOM_store := $(wildcard quorum/store_*.c) quorum/ledger.c
FUZZ_ROOM_member := $(wildcard quorum/member.c quorum/member_*.c quorum/ledger*.c quorum/lease*.c)
FUZZ_ROOM_control := $(filter-out $(MAINS) quorum/wire.c quorum/wire_version.c quorum/ring.c \
	agentd/metadata/describe.c,$(SOURCES_agentd) $(SOURCES_metadata) $(SOURCES_quorum) \
	$(SOURCES_fence))
FUZZ_ROOM_client := $(filter-out $(MAINS) quorum/wire.c quorum/wire_version.c quorum/ring.c \
	agentd/metadata/describe.c,$(SOURCES_console) $(SOURCES_metadata))
# FUZZ=edit means this one alone.
FUZZ ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZ_SOURCES))
FUZZ_PROGRAMS := $(FUZZ:%=$(FUZZ_OUT)/%)
$(FUZZ_OUT)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call said,CLANG $<)$(FUZZ_CC) $(if $(filter tests/%,$<),,-fsanitize=fuzzer-no-link) -c -o $@ $<
$(foreach f,$(FUZZ),$(eval $(FUZZ_OUT)/$(f): $(FUZZ_ROOM_$(f):%.c=$(FUZZ_OUT)/obj/%.o)))
LIBS_$(FUZZ_OUT)/client := $(LIBS_console)
$(FUZZ_PROGRAMS): $(FUZZ_OUT)/%: $(FUZZ_OUT)/obj/tests/fuzz/fuzz_%.o $(FUZZ_ROOM)
	$(call said,LD $@)clang -fsanitize=fuzzer $(FUZZ_LOOKS) -o $@ $^ -lcmocka $(LIBS_agentd) $(LIBS_$@)

# ---- targets -------------------------------------------------------------------------------------

STEPS := +@MAKE='$(MAKE)' tests/steps
# Played once there are some.
SCENARIOS := $(if $(wildcard tests/scenarios/run),scenarios)

help: ## lists every target with a sentence
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile \
		$(if $(SCENARIOS),,| grep -v '^  make scenarios ')

deps: ## installs what building and testing need and is not there yet (apt; sudo when not root)
	@tests/deps

all: $(ROOMS:%=$(OUT)/%.a) $(PROGRAMS:%=$(OUT)/%) $(LAB) $(TOP_LINKS) ## builds all but the tests

compile: all $(UNIT_PROGRAMS) $(SCREENS) $(BENCH) $(BENCH_LANGUAGE) $(BENCH_CLUSTER) \
	$(SWARM) $(NEWER) ## all, and the tests

clang: ## builds everything, tests too, with clang
	+@$(MAKE) --no-print-directory CC=clang SAN= compile

check: ## the fast loop: builds, unit tests and gates, each of them; before you push
	$(STEPS) compile clang unit swarm layers pure tidy format reasons diagram planted \
		bench-policy judge gates

test: deps ## everything, the lab with real corosync too; ends with the sum
	$(STEPS) check small histories model faults san fuzz screens lsp $(SCENARIOS) conform-news lab \
		agreement story

unit: $(UNIT_PROGRAMS) ## runs the unit tests, of one room with ROOM=dsl
	@$(if $(UNIT_PROGRAMS),,echo 'no tests in tests/unit/$(ROOM)'; exit 1;) \
	tests/unit/run $(UNIT_PROGRAMS)

san: ## runs the unit tests with address and undefined-behaviour sanitizers
	+@$(MAKE) --no-print-directory SAN=1 unit

ifdef SCENARIOS
scenarios: all ## plays tests/scenarios against the deciding core
	@tests/scenarios/run
endif

conformance: all ## plays the scenarios of another manager, where they are, and compares
	@tests/conformance

conform-news: all ## the same; only what is not on the list of differences fails
	@tests/conformance --news

screens: all $(SCREENS) ## keys in, whole screens out: tests/screens
	@tests/screens/run

swarm: $(OUT)/swarm ## random clusters, random misfortunes: SEED=1 HISTORIES=300
	@$(OUT)/swarm --seed $(SWARM_SEED) --histories $(HISTORIES) --keep $(OUT)

histories: $(OUT)/unit/quorum/test_safety ## random histories of the agreement: QUORUM_SEEDS=600
	@QUORUM_SEEDS=$(or $(QUORUM_SEEDS),600) tests/unit/run $<

model: deps ## the lease, explored by spin with each safety rule left out in turn: WORD=acks
	@tests/model/run $(WORD)

small: $(OUT)/small ## small clusters, every order of a few events
	@$(OUT)/small

faults: ## faults planted in the core: the swarm must find each within 1,000 histories
	@tests/swarm/faults/run

fuzz: $(FUZZ_PROGRAMS) ## any bytes at all, against what must always hold: FUZZ_SECONDS=20 FUZZ=edit
	@tests/fuzz/run $(FUZZ_SECONDS) $(FUZZ_PROGRAMS)

fuzz-keep: $(FUZZ_PROGRAMS) ## keeps the texts that fuzzing found, in tests/fuzz/corpus
	@tests/fuzz/run --keep $(FUZZ_PROGRAMS)

fuzz-coverage: ## what of the language those texts reach, file by file (needs llvm-14)
	+@$(MAKE) --no-print-directory FUZZ_OUT=$(BUILD)/fuzz/coverage FUZZ_LOOKS='$(strip \
		-fprofile-instr-generate -fcoverage-mapping)' fuzz-programs
	@tests/fuzz/run --coverage $(FUZZ:%=$(BUILD)/fuzz/coverage/%)

fuzz-programs: $(FUZZ_PROGRAMS)

# OUT= is where objects go, so the file that keeps the table has a name of its own.
bench: $(BENCH) $(BENCH_LANGUAGE) ## time and memory, crm_simulate beside it; TABLE=FILE keeps it
	@$(BENCH) $(TABLE)
	@$(BENCH_LANGUAGE)
	+@$(MAKE) --no-print-directory bench-cluster

bench-cluster: all $(BENCH_CLUSTER) ## pushes and patches in the lab, raw CPG beside: BENCH_NODES=3
	@tests/bench/cluster/run $(or $(BENCH_NODES),3 16)

bench-policy: $(BENCH_LANGUAGE) ## what bench measures of the language is a policy without an error
	@$(BENCH_LANGUAGE) --check

lab: all $(NEWER) ## the lab itself, then the faults, on three nodes with real corosync
	@tests/lab/run

judge: ## the judge of make agreement finds each kind of violation in a history made by hand
	@tests/agreement/selftest

# SECONDS is a word of the shell's own, so only make's command line counts.
agreement: all judge ## clients, five nodes, and everything done to them: SECONDS=600 SEED=1
	@tests/agreement/run $(if $(filter command,$(origin SECONDS)),--seconds $(SECONDS)) \
		$(if $(filter command,$(origin SEED)),--seed $(SEED))

agreement-faults: all ## faults planted in the agent: those clients must notice each
	@tests/agreement/faults/run

lab-16: all $(BENCH_CLUSTER) ## sixteen nodes: membership, a push seen by all, a node's death
	@tests/lab/many 16

lab-32: all $(BENCH_CLUSTER) ## the same with 32 nodes, in some 5 GiB
	@tests/lab/many 32

story: all ## what the demo tells when nobody looks on, checked at each step
	@DEMO=story tests/lab/demo

lsp: all ## the language server in a session with Neovim, where it is installed
	@OUT=$(OUT) tests/lsp/run
.PHONY: lsp

layers: ## no #include goes against an arrow
	@tests/layers

pure: $(OUT)/ha.a ## the core asks libc for text and memory copies and nothing else
	@tests/pure $(OUT)/obj

tidy: ## lengths, banned words, dead files, door plates, licence lines
	@tests/tidy

format: ## clang-format would change nothing
	@tests/format

format-fix: ## lets clang-format rewrite what it would change (only FILES=...)
	@tests/format --fix $(FILES)

reasons: ## every reason is shown by a test
	@tests/reasons

diagram: ## the state diagrams in ha/README.md are those of the .def rows
	@tests/diagram

diagram-fix: ## writes them there
	@tests/diagram --fix

planted: ## every fault of make faults still fits the code as it is
	@tests/planted

# What the Makefile builds, for tests/tidy to find what it does not.
list-sources:
	@printf '%s\n' $(MAINS) $(foreach r,$(ROOMS) fakes,$(SOURCES_$(r))) \
		$(wildcard tests/lab/*.c tests/screens/*.c tests/swarm/*.c) \
		$(wildcard tests/bench/*.c tests/bench/language/*.c tests/bench/cluster/*.c) $(UNIT_SOURCES) \
		$(wildcard tests/fuzz/*.c tests/newer/*.c)

gates: ## the gates themselves: each must catch a planted fault
	@tests/gates

demo: deps ## a cluster of three nodes on this machine, from nothing, in a few minutes
	+@$(MAKE) --no-print-directory all
	@tests/lab/demo

lab-up: all ## brings up three nodes on this machine
	@tests/lab/lab up

lab-down: ## takes them away again
	@tests/lab/lab down

lab-shell: ## a shell on a node: NODE=beta
	@tests/lab/lab shell $(NODE)

lab-kill: ## cuts a node's power: NODE=beta
	@tests/lab/lab kill $(NODE)

lab-on: ## switches a node's power on again: NODE=beta
	@tests/lab/lab on $(NODE)

lab-cut: ## cuts a node from the network: NODE=beta
	@tests/lab/lab cut $(NODE)

lab-mend: ## joins it to the network again: NODE=beta
	@tests/lab/lab mend $(NODE)

install: all ## installs below DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin \
		$(DESTDIR)$(PREFIX)/share/doc/tenuto $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 755 $(OUT)/tenuto $(OUT)/tenuto-door $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(OUT)/tenutod $(OUT)/tenuto-keeper $(DESTDIR)$(PREFIX)/sbin/
	install -m 644 dsl/tenuto.policy.5 $(DESTDIR)$(PREFIX)/share/man/man5/
	cp -R examples $(DESTDIR)$(PREFIX)/share/doc/tenuto/

clean: ## removes everything generated
	rm -rf $(BUILD)
	rm -f $(TOP_LINKS)

FORCE:
.PHONY: FORCE help deps all compile clang check test unit san $(SCENARIOS) conformance \
	conform-news \
	screens lab lab-16 lab-32 story swarm small histories model faults fuzz fuzz-keep \
	fuzz-coverage fuzz-programs bench bench-cluster bench-policy \
	layers pure tidy format format-fix reasons diagram diagram-fix planted judge agreement \
	agreement-faults list-sources gates demo \
	lab-up lab-down lab-shell lab-kill lab-on lab-cut lab-mend install clean
.SECONDARY:
-include $(shell find $(OUT)/obj $(FUZZ_OUT)/obj -name '*.d' 2>/dev/null)
