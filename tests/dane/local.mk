# DNSSEC and DANE against zones that the test signs; without contrib/packages --interop it is skipped.
DANE_TESTS = tests/dane/dane.sh
TESTS += $(DANE_TESTS)
dist_check_SCRIPTS += $(DANE_TESTS)
EXTRA_DIST += tests/lib/zone.sh
