/* control_int: the socket's file, and who may use it. */
#ifndef ADMIN_CONTROL_INT_H
#define ADMIN_CONTROL_INT_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "admin/control.h"

/* false where PATH is too long. */
bool control_address(const char *path, struct sockaddr_un *out);
/* A listening descriptor, and what identifies its file; -1 with the reason. */
int control_open(const char *path, struct stat *file, char error[CONTROL_ERROR_SIZE]);
/* May the other end of FD ask? GROUP: the file's. *UID says who it is. */
bool control_permits(int fd, gid_t group, uid_t *uid);

#endif
