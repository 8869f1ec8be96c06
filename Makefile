# SPDX-License-Identifier: BSD-2-Clause
# make help lists the targets. BUILD=dir builds elsewhere; SAN=1 adds ASan and UBSan.

BUILD ?= build
CC = gcc
CLANG ?= clang
AR ?= ar

WARN = -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wundef -Wno-format-truncation
OPT ?= -O2 -g
ifdef SAN
OPT = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
endif
CFLAGS = -std=gnu11 $(OPT) $(WARN) -fno-strict-aliasing -MMD -MP

# One-way dependencies: what a room may include is what its -I flags show it.
fw_FLAGS = -ffreestanding -Ispec/wire -Ifw
device-model_FLAGS = -Ispec/wire -Ifw -Idevice-model
guest-driver_FLAGS = -Ispec/wire -Iguest-driver/core
testbench_FLAGS = -Ispec/wire -Ifw -I. -Itestbench

fw_SRC = $(wildcard fw/*.c fw/*/*.c)
device-model_SRC = $(wildcard device-model/*.c)
guest-driver_SRC = $(wildcard guest-driver/core/*.c)
testbench_SRC = $(wildcard testbench/load/*.c testbench/rig/*.c testbench/replay/*.c testbench/statements/*.c)
cli_SRC = $(wildcard testbench/cli/*.c)

ROOMS = fw device-model guest-driver testbench
LIBS = $(patsubst %,$(BUILD)/lib%.a,testbench guest-driver device-model fw)
LDLIBS = -lbpf -lpcap -ljansson -lz -llzma
PROGS = $(patsubst testbench/progs/%.bpf.c,$(BUILD)/progs/%.bpf.o,$(wildcard testbench/progs/*.bpf.c))

TESTS = $(patsubst %,$(BUILD)/unit-%,$(ROOMS)) $(BUILD)/conform $(BUILD)/oracle $(BUILD)/fuzz
TOOLS = testbench/tools

.PHONY: help all run check lint report fuzz prove bench spec patch goldens deps clean tests
.DELETE_ON_ERROR:

help:
	@echo "make run            replay a captured trace through an offloaded XDP program and show what became of the frames"
	@echo "make check          every test, twice: as built, and with ASan and UBSan"
	@echo "make all            build/refnic and the example programs"
	@echo "make lint           clang-tidy, cppcheck, one-way dependencies, requirement gate"
	@echo "make report         every statement with its place, its tests and their result, as a page: build/report.html"
	@echo "make fuzz           hostile drivers at rings, registers and commands, under sanitizers, for DURATION=s (120);"
	@echo "                    then random programs through both engines and the kernel; N=programs (300000), SEED=first (1)"
	@echo "make prove          the verifier's operators: exhaustively at few bits, by random words, by CBMC; about 10 minutes"
	@echo "make bench          speed against peers and against the machine's limit, as ratios"
	@echo "make spec           the proposal as PDF and HTML in build/spec"
	@echo "make patch SPEC=DIR the proposal as patches for a checkout of virtio-spec"
	@echo "make goldens        write traces/expected anew (look at the difference before you commit it)"
	@echo "make deps           install what the above needs (each does it for itself)"
	@echo "make clean"

all: $(BUILD)/refnic $(PROGS)

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

$(BUILD)/refnic: $(call obj,$(cli_SRC)) $(LIBS)
	$(CC) $(OPT) -o $@ $^ $(LDLIBS)

define room
$(BUILD)/lib$(1).a: $(call obj,$($(1)_SRC))
	@mkdir -p $$(@D)
	@rm -f $$@
	$(AR) rcs $$@ $$^
$(call obj,$($(1)_SRC)): ROOM_FLAGS = $($(1)_FLAGS)
$(BUILD)/unit-$(1): $(call obj,$(wildcard testbench/unit/$(1)/*.c)) $(LIBS)
	$(CC) $(OPT) -o $$@ $$^ -lcriterion $(LDLIBS)
endef
$(foreach r,$(ROOMS),$(eval $(call room,$(r))))

$(BUILD)/conform $(BUILD)/oracle $(BUILD)/fuzz: $(BUILD)/%: $(LIBS)
	$(CC) $(OPT) -o $@ $(filter %.o,$^) $(LIBS) -lcriterion $(LDLIBS)
$(BUILD)/conform: $(call obj,$(wildcard testbench/conform/*.c))
$(BUILD)/oracle: $(call obj,$(wildcard testbench/oracle/*.c testbench/fuzz/generate*.c))
$(BUILD)/fuzz: $(call obj,$(wildcard testbench/fuzz/*.c))

# What make prove tries in full, unit-fw tries a part of.
PROVE_OBJ = $(call obj,$(wildcard testbench/prove/*.c))
$(PROVE_OBJ): ROOM_FLAGS = $(testbench_FLAGS) -O3
$(BUILD)/unit-fw: $(filter-out %/main.o,$(PROVE_OBJ))
$(BUILD)/prove: $(PROVE_OBJ) $(BUILD)/libfw.a
	$(CC) $(OPT) -o $@ $^

# DPDK is a peer in the benchmark if it is installed.
DPDK = $(shell pkg-config --exists libdpdk 2>/dev/null && echo yes)
BENCH_PEERS = pass xdp1 xdp2 blocklist router balancer
$(BUILD)/bench: $(call obj,$(wildcard testbench/bench/*.c) testbench/oracle/kernel.c) $(LIBS)
	$(CC) $(OPT) -o $@ $^ $(LDLIBS) -lm $(if $(DPDK),$(shell pkg-config --libs-only-L libdpdk) -lrte_bpf -lrte_eal)
$(BUILD)/obj/testbench/bench/engine_dpdk.o: ROOM_FLAGS = $(testbench_FLAGS) \
	$(if $(DPDK),-DBENCH_DPDK $(patsubst -I%,-isystem %,$(shell pkg-config --cflags libdpdk)))

# The same source for this machine, and for engines without 32-bit jumps.
$(BUILD)/peers/%.so: testbench/progs/%.bpf.c $(wildcard testbench/progs/*.h) testbench/bench/host/bpf/bpf_helpers.h testbench/bench/native_map.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -g -Wall -Werror -Wno-unknown-pragmas -fno-strict-aliasing -fPIC -shared -Itestbench/bench/host -o $@ $<
$(BUILD)/peers/%.bpf.o: BPF_CPU = v2

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(or $(ROOM_FLAGS),$(testbench_FLAGS)) -c -o $@ $<

# The table of statements is part of the program.
$(BUILD)/obj/testbench/statements/statements.o: spec/requirements.tsv

BPF_CPU = v3
BPF_COMPILE = $(CLANG) -target bpf -mcpu=$(BPF_CPU) -O2 -g -Wall -Werror -I/usr/include/$(shell $(CC) -print-multiarch) -c -o $@ $<
# Two rules: one with both patterns would make both files at once.
$(BUILD)/progs/%.bpf.o: testbench/progs/%.bpf.c $(wildcard testbench/progs/*.h)
	@mkdir -p $(@D)
	$(BPF_COMPILE)
$(BUILD)/peers/%.bpf.o: testbench/progs/%.bpf.c $(wildcard testbench/progs/*.h)
	@mkdir -p $(@D)
	$(BPF_COMPILE)

tests: all $(TESTS)

run:
	@$(TOOLS)/deps run
	@$(MAKE) --no-print-directory -s -j2 all
	@$(BUILD)/refnic replay $(BUILD)/progs/xdp1.bpf.o traces/http.pcap -o $(BUILD)/run

SCRIPTS = $(wildcard testbench/tools/test-*.sh)
SPEC_SCRIPTS = $(wildcard spec/tools/test-*.sh)

check:
	@$(TOOLS)/deps run check
	@$(MAKE) --no-print-directory -s -j2 tests
	@$(MAKE) --no-print-directory -s -j2 SAN=1 BUILD=$(BUILD)/san tests
	@$(TOOLS)/run-tests $(TESTS) $(SCRIPTS:%="% $(BUILD)") $(SPEC_SCRIPTS) $(TESTS:$(BUILD)/%=$(BUILD)/san/%) $(SCRIPTS:%="% $(BUILD)/san")

lint:
	@$(TOOLS)/deps run check lint
	@$(TOOLS)/lint

report:
	@$(TOOLS)/deps run check
	@$(MAKE) --no-print-directory -s -j2 tests
	@spec/tools/report . $(BUILD) >$(BUILD)/report.html; status=$$?; echo "$(BUILD)/report.html"; exit $$status

fuzz: N ?= 300000
fuzz: SEED ?= 1
fuzz: DURATION ?= 120
fuzz:
	@$(TOOLS)/deps run check
	@$(MAKE) --no-print-directory -s -j2 all $(BUILD)/fuzz $(BUILD)/oracle
	@$(MAKE) --no-print-directory -s -j2 SAN=1 BUILD=$(BUILD)/san $(BUILD)/san/fuzz
	@$(TOOLS)/fuzz $(BUILD)/san/fuzz $(DURATION) $(SEED)
	@REFNIC_FUZZ=$(N) REFNIC_SEED=$(SEED) $(BUILD)/fuzz -j2 --filter '!(fuzz/@(rings|registers|queues|filters|commands))'
	@REFNIC_FUZZ=$$(($(N) / 10)) REFNIC_SEED=$(SEED) $(BUILD)/oracle -j2

prove:
	@$(TOOLS)/deps prove
	@$(MAKE) --no-print-directory -s -j2 $(BUILD)/prove
	@if $(TOOLS)/cbmc --version >/dev/null; then set -- --cbmc $(TOOLS)/cbmc; else set --; fi; $(BUILD)/prove "$$@"

bench:
	@$(TOOLS)/deps run
	@$(TOOLS)/deps bench || echo "bench: goes on without DPDK as a peer"
	@$(MAKE) --no-print-directory -s -j2 all $(BUILD)/bench $(BENCH_PEERS:%=$(BUILD)/peers/%.so) $(BENCH_PEERS:%=$(BUILD)/peers/%.bpf.o)
	@$(BUILD)/bench --json $(BUILD)/bench.json $(BUILD) traces

spec:
	@$(TOOLS)/deps spec
	@spec/tools/build-spec $(BUILD)/spec

patch:
	@test -n "$(SPEC)" || { echo "make patch SPEC=DIR: DIR is a git checkout of virtio-spec" >&2; exit 2; }
	@$(TOOLS)/deps spec
	@spec/tools/make-patch $(SPEC) $(BUILD)/patch

goldens: all
	@$(TOOLS)/golden $(BUILD) update

deps:
	@$(TOOLS)/deps run check lint spec

clean:
	rm -rf $(BUILD)

-include $(patsubst %.o,%.d,$(call obj,$(foreach r,$(ROOMS),$($(r)_SRC)) $(cli_SRC) $(wildcard testbench/unit/*/*.c testbench/conform/*.c testbench/oracle/*.c testbench/fuzz/*.c testbench/bench/*.c testbench/prove/*.c)))
