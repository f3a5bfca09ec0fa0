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

PG_CONFIG ?= /usr/lib/postgresql/15/bin/pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(DATA): $(SQL_PARTS)
	cat $^ > $@

all: $(DATA)

-include $(OBJS:.o=.d)
