# The account of every stanza under faults. Run by hand (tests/soak/soak.sh, contrib/soak), not with the tests: it takes minutes,
# and a stanza that was in a kernel's hands when a connection was cut can only be excused, not explained.
check_PROGRAMS += tests/soak/soak
tests_soak_soak_SOURCES = \
	tests/soak/faults.c \
	tests/soak/history.c \
	tests/soak/history.h \
	tests/soak/mate.c \
	tests/soak/proxy.c \
	tests/soak/servers.c \
	tests/soak/soak.c \
	tests/soak/soak.h \
	tests/soak/zone.c
tests_soak_soak_LDADD = $(PURE_LIBS)
dist_check_SCRIPTS += tests/soak/soak.sh
EXTRA_DIST += tests/soak/stage.sh
