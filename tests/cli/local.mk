# Tests of the command line, with committed texts of what is printed.
CLI = \
	tests/cli/check-config.sh \
	tests/cli/daemon.sh \
	tests/cli/dns.sh \
	tests/cli/explain.sh \
	tests/cli/identity.sh \
	tests/cli/matrix.sh \
	tests/cli/reference.sh \
	tests/cli/usage.sh
TESTS += $(CLI)
dist_check_SCRIPTS += $(CLI)
EXTRA_DIST += tests/cli/certificates.sh tests/cli/lib.sh

check_PROGRAMS += tests/lib/zone
tests_lib_zone_LDADD = $(NET_LDADD)
