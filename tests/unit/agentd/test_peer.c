/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is at the other end of a socket, by name where this node knows one, and always by number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agentd/peer.h"

static char path[64];

static int write_users(void **state)
{
    static const char users[] = "root:x:0:0:root:/root:/bin/bash\n"
                                "no user at all\n"
                                "+nis\n"
                                "jin:x:1000:1000:Jin,,,:/home/jin:/bin/bash\n"
                                "again:x:1000:1000::/home/jin:/bin/bash\n"
                                ":x:1001:1001::/:/bin/false\n"
                                "last:x:1002:1002::/:/bin/false";
    int fd;

    (void)state;
    snprintf(path, sizeof(path), "/tmp/tenuto-users-XXXXXX");
    fd = mkstemp(path);
    if (fd < 0 || write(fd, users, strlen(users)) != (ssize_t)strlen(users))
        return -1;
    return close(fd);
}

static int remove_users(void **state)
{
    (void)state;
    return unlink(path);
}

static void assert_name(const char *users, uid_t uid, const char *expected)
{
    char name[64];

    peer_name(users, uid, name, sizeof(name));
    assert_string_equal(name, expected);
}

static void a_user_of_this_node_has_its_first_name(void **state)
{
    (void)state;
    assert_name(path, 1000, "jin");
    assert_name(path, 1002, "last");
}

static void who_is_not_in_the_file_or_has_no_name_goes_by_number(void **state)
{
    (void)state;
    assert_name(path, 1001, "uid 1001");
    assert_name(path, 4000000000, "uid 4000000000");
    assert_name("/nonexistent/passwd", 1000, "uid 1000");
}

static void a_name_that_does_not_fit_is_not_cut(void **state)
{
    char name[9];

    (void)state;
    peer_name(path, 1002, name, 3);
    assert_string_not_equal(name, "la");
    peer_name(path, 1000, name, sizeof(name));
    assert_string_equal(name, "jin");
}

static void the_number_stays_beside_the_name(void **state)
{
    struct peer peer;
    char name[64] = "root";
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    peer_read(pair[0], &peer);
    assert_int_equal(peer.uid, geteuid());
    if (geteuid() != 0)
        peer_name("/etc/passwd", geteuid(), name, sizeof(name));
    assert_string_equal(peer.user, name);
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_of_this_node_has_its_first_name),
        cmocka_unit_test(who_is_not_in_the_file_or_has_no_name_goes_by_number),
        cmocka_unit_test(a_name_that_does_not_fit_is_not_cut),
        cmocka_unit_test(the_number_stays_beside_the_name),
    };

    return cmocka_run_group_tests(tests, write_users, remove_users);
}
