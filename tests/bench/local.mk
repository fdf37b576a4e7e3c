# Benchmarks: built and run by hand (make bench, tests/bench/run); they print, and never pass or fail by time.
BENCHES = \
	tests/bench/bench_connection \
	tests/bench/bench_xml
tests_bench_bench_connection_LDADD = $(NET_LDADD)
# what tests/bench/run drives; of their own: what they measure is not what they are made of
BENCH_TOOLS = \
	tests/bench/handshakes \
	tests/bench/load
tests_bench_load_SOURCES = tests/bench/load.c tests/bench/cost.c tests/bench/cost.h tests/bench/line.c tests/bench/line.h \
	tests/bench/peer.c tests/bench/peer.h
tests_bench_load_CFLAGS = $(AM_CFLAGS) $(NET_CFLAGS)
tests_bench_load_LDADD = $(NET_LIBS)
tests_bench_handshakes_SOURCES = tests/bench/handshakes.c tests/bench/cost.c tests/bench/cost.h tests/bench/line.c \
	tests/bench/line.h
tests_bench_handshakes_CFLAGS = $(AM_CFLAGS) $(NET_CFLAGS)
tests_bench_handshakes_LDADD = $(NET_LIBS)
EXTRA_PROGRAMS += $(BENCHES) $(BENCH_TOOLS)
CLEANFILES += $(BENCHES) $(BENCH_TOOLS)
bench: $(BENCHES)
	for b in $(BENCHES); do ./$$b || exit 1; done
bench-tools: $(BENCH_TOOLS)
.PHONY: bench bench-tools
EXTRA_DIST += tests/bench/churn tests/bench/run tests/bench/world.sh
