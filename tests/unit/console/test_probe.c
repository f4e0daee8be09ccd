/* SPDX-License-Identifier: GPL-3.0-or-later */
/* At which of our addresses somebody came in, on real sockets of the loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "console/door/probe.h"

/* The far end of a connection to 127.0.0.1 or ::1, taken by a socket of that family. */
struct visit {
    int listening, calling, taken;
};

static bool make_visit(struct visit *visit, int server, int client)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 bound = {.sin6_family = (sa_family_t)server};
    socklen_t size = sizeof(bound);

    visit->listening = socket(server, SOCK_STREAM | SOCK_CLOEXEC, 0);
    visit->calling = socket(client, SOCK_STREAM | SOCK_CLOEXEC, 0);
    visit->taken = -1;
    if (visit->listening < 0 || visit->calling < 0 ||
        bind(visit->listening, (struct sockaddr *)&bound,
             server == AF_INET ? sizeof(four) : sizeof(bound)) < 0 ||
        listen(visit->listening, 1) < 0 ||
        getsockname(visit->listening, (struct sockaddr *)&bound, &size) < 0)
        return false;
    at.sin6_port = four.sin_port = bound.sin6_port;
    if (connect(visit->calling,
                client == AF_INET ? (struct sockaddr *)&four : (struct sockaddr *)&at,
                client == AF_INET ? sizeof(four) : sizeof(at)) < 0)
        return false;
    visit->taken = accept(visit->listening, NULL, NULL);
    return visit->taken >= 0;
}

static void end_visit(const struct visit *visit)
{
    close(visit->listening);
    close(visit->calling);
    close(visit->taken);
}

static void assert_is_at_127_0_0_1(const struct visit *visit)
{
    assert_true(probe_is_at(visit->taken, "127.0.0.1"));
    assert_true(probe_is_at(visit->taken, "10.0.0.1,127.0.0.1"));
    assert_false(probe_is_at(visit->taken, "127.0.0.2"));
    assert_false(probe_is_at(visit->taken, "10.0.0.1,::1"));
    assert_false(probe_is_at(visit->taken, ""));
    /* What it stands for may be asked of nobody here. */
    assert_true(probe_is_at(visit->taken, "10.0.0.1,alpha"));
}

static void who_came_over_ipv4_is_known(void **state)
{
    struct visit visit;

    (void)state;
    assert_true(make_visit(&visit, AF_INET, AF_INET));
    assert_is_at_127_0_0_1(&visit);
    end_visit(&visit);
}

static void and_by_a_socket_for_both_kinds(void **state)
{
    struct visit visit;

    (void)state;
    if (!make_visit(&visit, AF_INET6, AF_INET))
        skip();
    assert_is_at_127_0_0_1(&visit);
    end_visit(&visit);
}

static void who_came_over_ipv6_is_known(void **state)
{
    struct visit visit;

    (void)state;
    if (!make_visit(&visit, AF_INET6, AF_INET6))
        skip();
    assert_true(probe_is_at(visit.taken, "127.0.0.1,0:0:0:0:0:0:0:1"));
    assert_false(probe_is_at(visit.taken, "127.0.0.1,0.0.0.1,::2"));
    end_visit(&visit);
}

static void what_is_no_connection_is_nowhere(void **state)
{
    (void)state;
    assert_false(probe_is_at(-1, "127.0.0.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_came_over_ipv4_is_known),
        cmocka_unit_test(and_by_a_socket_for_both_kinds),
        cmocka_unit_test(who_came_over_ipv6_is_known),
        cmocka_unit_test(what_is_no_connection_is_nowhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
