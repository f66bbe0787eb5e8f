/* Makes the n'th write, sync, truncation or rename below one folder fail: for LD_PRELOAD by test_failing_disk.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char folder[4096];
static long left = -1;    /* calls until the failure; -1: never */
static int error_code;    /* 0: a short write */
static int for_ever;      /* fail all that follow too */
static long counted;

void disk_arm(const char *path, long calls, int code, int all) {
    strncpy(folder, path, sizeof folder - 1);
    counted = 0;
    left = calls;
    error_code = code;
    for_ever = all;
}

long disk_counted(void) { return counted; }

static int is_inside(const char *path) { return folder[0] && strncmp(path, folder, strlen(folder)) == 0; }

static int is_inside_fd(int fd) {
    char name[64], path[4096];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(name, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return is_inside(path);
}

/* Whether this call is the one to fail. */
static int fails(void) {
    long number = __sync_fetch_and_add(&counted, 1);
    return left >= 0 && (for_ever ? number >= left : number == left);
}

#define REAL(name, type, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

ssize_t write(int fd, const void *data, size_t size) {
    if (is_inside_fd(fd) && fails()) {
        if (!error_code && size > 1) return REAL("write", ssize_t, int, const void *, size_t)(fd, data, size / 2);
        errno = error_code ? error_code : EIO;
        return -1;
    }
    return REAL("write", ssize_t, int, const void *, size_t)(fd, data, size);
}

static ssize_t positioned(const char *name, int fd, const void *data, size_t size, off_t at) {
    if (is_inside_fd(fd) && fails()) {
        if (!error_code && size > 1)
            return REAL(name, ssize_t, int, const void *, size_t, off_t)(fd, data, size / 2, at);
        errno = error_code ? error_code : EIO;
        return -1;
    }
    return REAL(name, ssize_t, int, const void *, size_t, off_t)(fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return positioned("pwrite", fd, data, size, at); }
ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) { return positioned("pwrite64", fd, data, size, at); }

#define ON_FD(name)                                   \
    int name(int fd) {                                \
        if (is_inside_fd(fd) && fails()) {            \
            errno = error_code ? error_code : EIO;    \
            return -1;                                \
        }                                             \
        return REAL(#name, int, int)(fd);             \
    }

ON_FD(fsync)
ON_FD(fdatasync)

static int cut(const char *name, int fd, off_t size) {
    if (is_inside_fd(fd) && fails()) {
        errno = error_code ? error_code : EIO;
        return -1;
    }
    return REAL(name, int, int, off_t)(fd, size);
}

int ftruncate(int fd, off_t size) { return cut("ftruncate", fd, size); }
int ftruncate64(int fd, off_t size) { return cut("ftruncate64", fd, size); }

int rename(const char *from, const char *to) {
    if (is_inside(to) && fails()) {
        errno = error_code ? error_code : EIO;
        return -1;
    }
    return REAL("rename", int, const char *, const char *)(from, to);
}

int link(const char *from, const char *to) {
    if (is_inside(to) && fails()) {
        errno = error_code ? error_code : EIO;
        return -1;
    }
    return REAL("link", int, const char *, const char *)(from, to);
}

int unlink(const char *path) {
    if (is_inside(path) && fails()) {
        errno = error_code ? error_code : EIO;
        return -1;
    }
    return REAL("unlink", int, const char *)(path);
}
