# Benchmarks: built and run by hand (make bench); they print, and never pass or fail by time.
BENCHES = \
	tests/bench/bench_connection \
	tests/bench/bench_xml
tests_bench_bench_connection_LDADD = $(NET_LDADD)
EXTRA_PROGRAMS += $(BENCHES)
CLEANFILES += $(BENCHES)
bench: $(BENCHES)
	for b in $(BENCHES); do ./$$b || exit 1; done
.PHONY: bench
