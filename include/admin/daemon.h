/*
 * daemon: the life of fedgated: from the configuration to the last stream's end.
 *
 * Main thread; changes what belongs to the process: signals, umask, limits. Once per process.
 */
#ifndef ADMIN_DAEMON_H
#define ADMIN_DAEMON_H

/* Until a signal ends it. What the process returns: 0 after it ran and ended in order, 1 where it could not start. */
int daemon_run(const char *config);

#endif
