# The account of every stanza under faults. Run by hand (tests/soak/soak.sh, contrib/soak), not with the tests: it finds what is
# not yet mended, such as stanzas out of order.
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
