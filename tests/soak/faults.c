/* What is done to whom, and when: by chance alone. */
#include <stdio.h>

#include "soak.h"

static bool fin(void)
{
	return proxy_hurt(PROXY_FIN);
}

static bool rst(void)
{
	return proxy_hurt(PROXY_RST);
}

static bool silence(void)
{
	return proxy_hurt(PROXY_SILENCE);
}

static bool silence_for_good(void)
{
	return proxy_hurt(PROXY_SILENCE_FOR_GOOD);
}

static bool half_close(void)
{
	return proxy_hurt(PROXY_HALF_CLOSE);
}

static bool delay(void)
{
	return proxy_hurt(PROXY_DELAY);
}

static bool tiny(void)
{
	return proxy_hurt(PROXY_TINY);
}

static bool refuse(void)
{
	proxy_refuse((int)chance(SERVERS), soak.now + 100 + chance(1500));
	return true;
}

static int any_domain(void)
{
	return (int)chance((uint32_t)soak.domain_count);
}

static bool component_leaves(void)
{
	mate_leave(any_domain(), false);
	return true;
}

static bool component_breaks(void)
{
	mate_leave(any_domain(), true);
	return true;
}

static bool component_is_deaf(void)
{
	mate_be_deaf(any_domain(), soak.now + 100 + chance(4000));
	return true;
}

static bool reload(void)
{
	server_reload((int)chance(2));
	return true;
}

static bool restart(void)
{
	server_restart((int)chance(2));
	return true;
}

static bool names_silent(void)
{
	zone_fail(true, soak.now + 100 + chance(1500));
	return true;
}

static bool names_fail(void)
{
	zone_fail(false, soak.now + 100 + chance(1500));
	return true;
}

static const struct fault {
	const char *name;
	unsigned weight;
	bool (*inject)(void);
} list[] = {
	{ "cut by FIN", 20, fin },
	{ "cut by RST", 20, rst },
	{ "silence", 12, silence },
	{ "silence for good", 3, silence_for_good },
	{ "half closed", 5, half_close },
	{ "delay", 8, delay },
	{ "tiny segments", 8, tiny },
	{ "refused connections", 5, refuse },
	{ "component leaves", 6, component_leaves },
	{ "component breaks", 3, component_breaks },
	{ "component is deaf", 6, component_is_deaf },
	{ "SIGHUP", 4, reload },
	{ "restart", 2, restart },
	{ "name server silent", 3, names_silent },
	{ "name server fails", 3, names_fail },
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
	if (!list[i].inject())
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
