/* A machine without network, which writes down who tries all the same: for LD_PRELOAD by test_privacy.py. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REAL(name, type, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

static void note(const char *call, const char *where) {
    const char *file = getenv("NO_NETWORK_LOG");
    int fd = file ? open(file, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    if (fd < 0) return;
    dprintf(fd, "%s %s\n", call, where);
    close(fd);
}

static int leads_out(const char *call, const struct sockaddr *address) {
    char text[INET6_ADDRSTRLEN] = "";
    if (!address) return 0;
    if (address->sa_family == AF_INET) {
        const struct in_addr *four = &((const struct sockaddr_in *)address)->sin_addr;
        if ((ntohl(four->s_addr) >> 24) == 127 || !four->s_addr) return 0;
        inet_ntop(AF_INET, four, text, sizeof text);
    } else if (address->sa_family == AF_INET6) {
        const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;
        if (IN6_IS_ADDR_LOOPBACK(six) || IN6_IS_ADDR_UNSPECIFIED(six)) return 0;
        inet_ntop(AF_INET6, six, text, sizeof text);
    } else {
        return 0;
    }
    note(call, text);
    errno = ENETUNREACH;
    return 1;
}

int connect(int fd, const struct sockaddr *address, socklen_t size) {
    if (leads_out("connect", address)) return -1;
    return REAL("connect", int, int, const struct sockaddr *, socklen_t)(fd, address, size);
}

ssize_t sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to, socklen_t size) {
    if (leads_out("sendto", to)) return -1;
    return REAL("sendto", ssize_t, int, const void *, size_t, int, const struct sockaddr *, socklen_t)(
        fd, data, length, flags, to, size);
}

static int is_own_name(const char *name) {
    char own[256] = "";
    gethostname(own, sizeof own - 1);
    return !name || !strcmp(name, "localhost") || !strncmp(name, "127.", 4) || !strcmp(name, "::1") ||
           !strcmp(name, "0.0.0.0") || !strcmp(name, "::") || !strcmp(name, own);
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    if (!is_own_name(name)) {
        note("getaddrinfo", name);
        return EAI_AGAIN;
    }
    return REAL("getaddrinfo", int, const char *, const char *, const struct addrinfo *, struct addrinfo **)(
        name, service, hints, found);
}
