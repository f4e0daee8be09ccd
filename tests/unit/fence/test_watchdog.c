/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the makers refuse, and in which words; the good way is in test_keeper_process.c. */
#include "fence/watchdog.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void the_path_says_which_maker(void **state)
{
    (void)state;
    assert_ptr_equal(watchdog_maker_of("/dev/watchdog0"), &watchdog_device);
    assert_ptr_equal(watchdog_maker_of("unix:/run/wd.sock"), &watchdog_socket);
    assert_null(watchdog_maker_of("unix:wd.sock"));
    assert_null(watchdog_maker_of("softdog"));
}

static void refuses(const char *path, const char *words)
{
    struct duration timeout = duration_ms(5000);
    struct err err = {""};

    assert_int_equal(watchdog_maker_of(path)->open(path, &timeout, &err), -1);
    if (!strstr(err.text, words))
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

static void a_device_that_is_not_there_names_the_driver_to_load(void **state)
{
    (void)state;
    refuses("/dev/no-such-watchdog", "modprobe softdog");
}

static void a_file_is_not_a_watchdog(void **state)
{
    (void)state;
    refuses("/dev/null", "/dev/null is not a watchdog");
}

static void a_supervisor_that_is_not_there_is_named(void **state)
{
    char longest[200];

    (void)state;
    refuses("unix:/nowhere/wd.sock", "cannot connect to the watchdog unix:/nowhere/wd.sock");
    memset(longest, 'x', sizeof(longest));
    memcpy(longest, "unix:/", 6);
    longest[sizeof(longest) - 1] = '\0';
    refuses(longest, "longer than a socket's can be");
}

/* A supervisor that greets, and answers the first line, with these words ("": not at all). */
static void supervised(const char *greeting, const char *answer, const char *expected)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char folder[] = "/tmp/watchdog.XXXXXX";
    char device[64];
    pid_t supervisor;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_non_null(mkdtemp(folder));
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", folder);
    snprintf(device, sizeof(device), "unix:%s/s", folder);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    supervisor = fork();
    if (supervisor == 0) {
        char line[64];
        int peer = accept(fd, NULL, NULL);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        send(peer, greeting, strlen(greeting), MSG_NOSIGNAL);
        if (recv(peer, line, sizeof(line), 0) > 0)
            send(peer, answer, strlen(answer), MSG_NOSIGNAL);
        pause();
    }
    refuses(device, expected);
    kill(supervisor, SIGKILL);
    waitpid(supervisor, NULL, 0);
    close(fd);
    unlink(address.sun_path);
    rmdir(folder);
}

static void a_supervisor_that_refuses_is_quoted(void **state)
{
    (void)state;
    supervised("busy\n", "", "says: busy");
    supervised("disarmed\n", "refused too short\n", "says: refused too short");
}

static void a_supervisor_that_does_not_answer_is_not_waited_for(void **state)
{
    (void)state;
    supervised("", "", "does not answer");
    supervised("disarmed\n", "", "does not answer");
    supervised("disarmed\n", "armed x\n", "gives no timeout");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_path_says_which_maker),
        cmocka_unit_test(a_device_that_is_not_there_names_the_driver_to_load),
        cmocka_unit_test(a_file_is_not_a_watchdog),
        cmocka_unit_test(a_supervisor_that_is_not_there_is_named),
        cmocka_unit_test(a_supervisor_that_refuses_is_quoted),
        cmocka_unit_test(a_supervisor_that_does_not_answer_is_not_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
