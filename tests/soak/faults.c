/* What is done to whom, and when: by chance alone. */
#include <stdio.h>

#include "soak.h"

/* Each is told what its row of the list says; false where there was nobody to do it to. */

static bool hurt(int fault)
{
	return proxy_hurt((enum proxy_fault)fault);
}

static bool refuse(int unused)
{
	(void)unused;
	proxy_refuse((int)chance(SERVERS), soak.now + 100 + chance(1500));
	return true;
}

static int any_domain(void)
{
	return (int)chance((uint32_t)soak.domain_count);
}

static bool component_goes(int abruptly)
{
	mate_leave(any_domain(), abruptly);
	return true;
}

static bool component_is_deaf(int unused)
{
	(void)unused;
	mate_be_deaf(any_domain(), soak.now + 100 + chance(4000));
	return true;
}

static bool reload(int unused)
{
	(void)unused;
	server_reload((int)chance(2));
	return true;
}

static bool restart(int unused)
{
	(void)unused;
	server_restart((int)chance(2));
	return true;
}

static bool names_fail(int silently)
{
	zone_fail(silently, soak.now + 100 + chance(1500));
	return true;
}

static const struct fault {
	const char *name;
	unsigned weight;
	bool (*inject)(int how);
	int how;
} list[] = {
	{ "cut by FIN", 20, hurt, PROXY_FIN },
	{ "cut by RST", 20, hurt, PROXY_RST },
	{ "silence", 12, hurt, PROXY_SILENCE },
	{ "silence for good", 3, hurt, PROXY_SILENCE_FOR_GOOD },
	{ "half closed", 5, hurt, PROXY_HALF_CLOSE },
	{ "delay", 8, hurt, PROXY_DELAY },
	{ "tiny segments", 8, hurt, PROXY_TINY },
	{ "refused connections", 5, refuse, 0 },
	{ "component leaves", 6, component_goes, false },
	{ "component breaks", 3, component_goes, true },
	{ "component is deaf", 6, component_is_deaf, 0 },
	{ "SIGHUP", 4, reload, 0 },
	{ "restart", 2, restart, 0 },
	{ "name server silent", 3, names_fail, true },
	{ "name server fails", 3, names_fail, false },
};
#define KINDS (sizeof(list) / sizeof(*list))

static struct faults {
	unsigned mean_ms, counts[KINDS], sum;
	uint64_t next;
} faults;

static void set_next(void)
{
	faults.next = soak.now + chance(2 * faults.mean_ms + 1);
}

void faults_begin(unsigned mean_ms)
{
	faults.mean_ms = mean_ms;
	set_next();
}

static void inject_one(void)
{
	uint32_t sum = 0, drawn;
	size_t i;

	for (i = 0; i < KINDS; i++)
		sum += list[i].weight;
	drawn = chance(sum);
	for (i = 0; drawn >= list[i].weight; i++)
		drawn -= list[i].weight;
	if (!list[i].inject(list[i].how))
		return;
	faults.counts[i]++;
	faults.sum++;
}

void faults_tick(void)
{
	if (!soak.faulty || soak.now < faults.next)
		return;
	inject_one();
	set_next();
}

void faults_heal(void)
{
	soak.faulty = false;
	proxies_heal();
	mates_heal();
	zone_fail(false, 0);
}

unsigned faults_count(void)
{
	return faults.sum;
}

void faults_print(void)
{
	size_t i;

	for (i = 0; i < KINDS; i++)
		printf("# %6u  %s\n", faults.counts[i], list[i].name);
}
