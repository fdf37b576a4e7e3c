# Tests. All of them print TAP; each "ok" is counted as one test. A program's default source is its name with .c.
TEST_EXTENSIONS = .sh
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_DRIVER = $(TAP_DRIVER)
AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	top_srcdir='$(top_srcdir)'; top_builddir='$(top_builddir)'; export top_srcdir top_builddir;

check_LIBRARIES = libtests.a
libtests_a_CFLAGS = $(AM_CFLAGS)
libtests_a_SOURCES = tests/lib/eval_file.c tests/lib/eval_file.h tests/lib/golden.c tests/lib/golden.h \
	tests/lib/leak.c tests/lib/leak.h tests/lib/make_policy.c tests/lib/make_policy.h \
	tests/lib/memory_files.c tests/lib/memory_files.h \
	tests/lib/stage.c tests/lib/stage.h tests/lib/starve.c tests/lib/starve.h tests/lib/tap.c tests/lib/tap.h \
	tests/lib/world.c tests/lib/world.h tests/lib/xml_record.c tests/lib/xml_record.h

# what every test program is linked with: the pure half alone
LDADD = libtests.a libfedgate_pure.a $(PURE_LIBS) $(CMOCKA_LIBS)

include tests/unit/local.mk
include tests/net/local.mk
include tests/gateway/local.mk
include tests/hazard/local.mk
include tests/fuzz/local.mk
include tests/bench/local.mk

# the runners that read files
check_PROGRAMS += \
	tests/golden/texts \
	tests/pair/pair \
	tests/eval/config \
	tests/eval/eval \
	tests/scenario/scenario
tests_eval_eval_SOURCES = tests/eval/eval.c tests/eval/eval_choose.c tests/eval/eval_choose.h \
	tests/eval/eval_dane.c tests/eval/eval_dane.h tests/eval/eval_srv.c tests/eval/eval_srv.h \
	tests/eval/eval_targets.c tests/eval/eval_targets.h
TESTS += \
	tests/golden/texts \
	tests/eval/config \
	tests/eval/eval.sh \
	tests/scenario/scenario.sh \
	tests/pair/pair \
	tests/hazards.sh \
	tests/layers.sh tests/pki.sh
dist_check_SCRIPTS = tests/eval/eval.sh tests/scenario/scenario.sh tests/fuzz/replay.sh tests/hazards.sh \
	tests/layers.sh tests/pki.sh
include tests/interop/local.mk
include tests/soak/local.mk
include tests/dane/local.mk
include tests/admin/local.mk
include tests/cli/local.mk
EXTRA_DIST += tests/hazards.tsv tests/golden/matrix.tsv tests/golden/failures.tsv tests/golden/pair.txt \
	tests/scenario/README.md

# directories of cases: whatever lies there is a case
dist-hook: dist-cases
dist-cases:
	for d in tests/eval tests/scenario tests/golden tests/fuzz tests/unit tests/cli; do \
		test -d $(srcdir)/$$d || continue; \
		(cd $(srcdir) && find $$d -type f ! -name '*.c' ! -name '*.h' ! -name '*.mk') | \
		while read -r f; do \
			$(MKDIR_P) "$(distdir)/$$(dirname "$$f")"; \
			cp -p "$(srcdir)/$$f" "$(distdir)/$$f" 2>/dev/null || true; \
		done; \
	done
