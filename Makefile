# jit_access: the extension by PGXS; the coordinator by CMake (see CMakeLists.txt).

EXTVERSION = 0.1

MODULE_big = jit_access
OBJS = $(patsubst %.cpp,%.o,$(wildcard extension/src/*.cpp extension/src/*/*.cpp))
EXTENSION = extension/jit_access
DATA = extension/jit_access--$(EXTVERSION).sql
SQL_PARTS = $(sort $(wildcard extension/sql/*.sql))
EXTRA_CLEAN = $(DATA)

PG_CPPFLAGS = -I$(CURDIR)/extension/src -DJIT_ACCESS_VERSION='"$(EXTVERSION)"'
PG_CXXFLAGS = -std=c++20 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-register -fvisibility=hidden -fvisibility-inlines-hidden -MMD -MP
SHLIB_LINK += -lstdc++

# The server's bitcode is for inlining SQL functions into JIT-compiled expressions; nothing here gains by it.
override with_llvm = no

# pg_regress: every file in sql/. Needs a server with the library preloaded; "make test" brings its own.
REGRESS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
EXTRA_CLEAN += build results regression.diffs regression.out $(OBJS:.o=.d)

PG_CONFIG ?= /usr/lib/postgresql/15/bin/pg_config

# On a bare machine there is no PGXS yet: the targets below install it and come back.
ifneq ($(wildcard $(PG_CONFIG)),)
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)
else
all install installcheck clean:
	@echo "PostgreSQL's build files are missing ($(PG_CONFIG)); install them with: make packages" >&2; exit 1
endif

$(DATA): $(SQL_PARTS)
	cat $^ > $@

all: $(DATA)

-include $(OBJS:.o=.d)

## What follows needs no PostgreSQL to start with.
.PHONY: packages build coordinator test demo demo-stop bench core-tests format format-check tidy

packages:
	@scripts/install-packages

build: packages
	@scripts/build

# The daemon and the approvers' command line: build/jit-coordinator.
coordinator:
	@scripts/build coordinator

test:
	@tests/run

demo:
	@demo/run

# A demo left running has its notes under build/.
clean: demo-stop

demo-stop:
	@demo/stop

bench:
	@bench/run

# PostgreSQL's own regression suite, with the extension and without.
core-tests:
	@tests/core/run

format:
	@scripts/format --fix

format-check:
	@scripts/format

tidy: build
	@scripts/tidy
