/* A file system without locks, or one that is read-only: for LD_PRELOAD by test_odd_disks.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(name, type, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

int flock(int fd, int operation) {
    const char *code = getenv("ODD_FLOCK");
    if (code) {
        errno = atoi(code);
        return -1;
    }
    return REAL("flock", int, int, int)(fd, operation);
}

static int is_refused(const char *path) {
    const char *folder = getenv("ODD_READONLY");
    if (!folder || strncmp(path, folder, strlen(folder))) return 0;
    errno = EROFS;
    return 1;
}

static int writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC); }

#define OPEN(name)                                                        \
    int name(const char *path, int flags, ...) {                          \
        va_list more;                                                     \
        va_start(more, flags);                                            \
        mode_t mode = va_arg(more, int);                                  \
        va_end(more);                                                     \
        if (writes(flags) && is_refused(path)) return -1;                 \
        return REAL(#name, int, const char *, int, ...)(path, flags, mode); \
    }
#define OPENAT(name)                                                                \
    int name(int at, const char *path, int flags, ...) {                            \
        va_list more;                                                               \
        va_start(more, flags);                                                      \
        mode_t mode = va_arg(more, int);                                            \
        va_end(more);                                                               \
        if (writes(flags) && is_refused(path)) return -1;                           \
        return REAL(#name, int, int, const char *, int, ...)(at, path, flags, mode); \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int mkdir(const char *path, mode_t mode) {
    return is_refused(path) ? -1 : REAL("mkdir", int, const char *, mode_t)(path, mode);
}
int unlink(const char *path) { return is_refused(path) ? -1 : REAL("unlink", int, const char *)(path); }
int rename(const char *from, const char *to) {
    return is_refused(to) ? -1 : REAL("rename", int, const char *, const char *)(from, to);
}
int access(const char *path, int mode) {
    if (mode & W_OK && is_refused(path)) return -1;
    return REAL("access", int, const char *, int)(path, mode);
}
