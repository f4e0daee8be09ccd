/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Datagrams there and back; see probe.h. */
#include "console/door/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ha/base/limits.h"
#include "ha/base/text.h"

#define SERVE_SECONDS 60
#define TRIES 5
#define ANSWER_MS 400
#define SMALL_BYTES 64
/* With the headers of IP and UDP the largest that every Ethernet takes. */
#define LARGE_BYTES 1400

/* The address of that link in "A,B"; false at the end. */
static bool address_of(const char *list, int link, char *address, size_t size)
{
    while (link-- > 0 && *list) {
        list += strcspn(list, ",");
        list += *list == ',';
    }
    snprintf(address, size, "%.*s", (int)strcspn(list, ","), list);
    return *list != '\0';
}

static socklen_t fill(const char *address, int port, struct sockaddr_storage *to)
{
    struct sockaddr_in *four = (struct sockaddr_in *)(void *)to;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)to;

    memset(to, 0, sizeof(*to));
    if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
        return sizeof(*four);
    }
    if (inet_pton(AF_INET6, address, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)port);
        return sizeof(*six);
    }
    return 0;
}

static int open_socket(const char *address, int port, struct err *err)
{
    struct sockaddr_storage own;
    socklen_t length = fill(address, port, &own);
    int whole = IP_PMTUDISC_DO;
    int fd = length ? socket(own.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;

    if (!length)
        err_set(err, "\"%s\" is no address in numbers", address);
    else if (fd < 0 || bind(fd, (struct sockaddr *)&own, length) < 0)
        err_set(err, "cannot use UDP port %d of %s: %m", port, address);
    else if (setsockopt(fd, own.ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
                        own.ss_family == AF_INET ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, &whole,
                        sizeof(whole)) < 0)
        err_set(err, "cannot send whole datagrams from %s: %m", address);
    else
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* A socket for both kinds shows an IPv4 address inside one of IPv6. */
static bool is_same_host(const struct sockaddr_storage *at, const struct sockaddr_storage *own)
{
    const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)at)->sin6_addr;
    const struct in_addr *four = &((const struct sockaddr_in *)(const void *)at)->sin_addr;

    if (own->ss_family == AF_INET6)
        return at->ss_family == AF_INET6 &&
               memcmp(six, &((const struct sockaddr_in6 *)(const void *)own)->sin6_addr, 16) == 0;
    return memcmp(at->ss_family == AF_INET ? (const void *)four : &six->s6_addr[12],
                  &((const struct sockaddr_in *)(const void *)own)->sin_addr, 4) == 0 &&
           (at->ss_family == AF_INET || IN6_IS_ADDR_V4MAPPED(six));
}

bool probe_is_at(int fd, const char *addresses)
{
    struct sockaddr_storage at, own;
    socklen_t size = sizeof(at);
    char address[64];

    if (getsockname(fd, (struct sockaddr *)&at, &size) < 0)
        return false;
    for (int link = 0; address_of(addresses, link, address, sizeof(address)); link++) {
        if (fill(address, 0, &own) == 0 || is_same_host(&at, &own))
            return true;
    }
    return false;
}

/* ---- answering ------------------------------------------------------------------------------- */

static void answer(int fd, const char *word)
{
    struct sockaddr_storage from;
    socklen_t size = sizeof(from);
    char bytes[LARGE_BYTES];
    ssize_t length = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &size);

    if (length >= SMALL_BYTES && strncmp(bytes, word, strlen(word)) == 0)
        sendto(fd, bytes, (size_t)length, 0, (struct sockaddr *)&from, size);
}

static void serve(struct pollfd *sockets, nfds_t n, const char *word)
{
    alarm(SERVE_SECONDS);
    while (poll(sockets, n, -1) >= 0 || errno == EINTR) {
        for (nfds_t i = 0; i < n; i++) {
            if (sockets[i].revents)
                answer(sockets[i].fd, word);
        }
    }
    _exit(0);
}

pid_t probe_serve(const char *addresses, const char *word, struct err *err)
{
    struct pollfd sockets[LINKS_MAX];
    char address[64];
    nfds_t n = 0;
    pid_t pid = -1;

    while (n < LINKS_MAX && address_of(addresses, (int)n, address, sizeof(address))) {
        int fd = open_socket(address, PROBE_PORT + (int)n, err);

        if (fd < 0)
            break;
        sockets[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    if (!err->text[0]) {
        pid = fork();
        if (pid == 0)
            serve(sockets, n, word);
        if (pid < 0)
            err_set(err, "cannot start a process: %m");
    }
    while (n > 0)
        close(sockets[--n].fd);
    return pid;
}

void probe_end(pid_t server)
{
    if (server <= 0)
        return;
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static bool comes_back(int fd, const struct sockaddr_storage *to, socklen_t size, size_t length,
                       const char *word)
{
    char bytes[LARGE_BYTES] = "", back[LARGE_BYTES];

    text_copy(bytes, sizeof(bytes), word);
    for (int i = 0; i < TRIES; i++) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};

        if (sendto(fd, bytes, length, 0, (const struct sockaddr *)to, size) != (ssize_t)length) {
            if (errno == EMSGSIZE)
                return false;
            usleep(ANSWER_MS * 1000);
            continue;
        }
        if (poll(&wait, 1, ANSWER_MS) > 0 && recv(fd, back, sizeof(back), 0) == (ssize_t)length &&
            memcmp(back, bytes, length) == 0)
            return true;
    }
    return false;
}

static bool probe_link(int link, const char *own, const char *other, const char *word,
                       struct err *err)
{
    struct sockaddr_storage to;
    socklen_t size = fill(other, PROBE_PORT + link, &to);
    int fd = open_socket(own, 0, err);
    bool is_small_good, is_large_good;

    if (fd < 0)
        return false;
    is_small_good = size && comes_back(fd, &to, size, SMALL_BYTES, word);
    is_large_good = is_small_good && comes_back(fd, &to, size, LARGE_BYTES, word);
    close(fd);
    if (!is_small_good)
        return err_set(err,
                       "link %d: nothing comes back from %s, UDP port %d: is a firewall in the "
                       "way, or the wrong network?",
                       link, other, PROBE_PORT + link);
    return is_large_good ||
           err_set(err,
                   "link %d: datagrams of %d bytes do not get through from %s to %s: its MTU is "
                   "smaller than that of Ethernet",
                   link, LARGE_BYTES, own, other);
}

bool probe_links(const char *own, const char *others, const char *word, struct err *err)
{
    char from[64], to[64];

    for (int link = 0; address_of(others, link, to, sizeof(to)); link++) {
        if (!address_of(own, link, from, sizeof(from)))
            return err_set(err, "link %d has no address here", link);
        if (!probe_link(link, from, to, word, err))
            return false;
    }
    return true;
}
