/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keeper as it runs: its two processes, its socket, a supervisor and an agent. */
#include "fence/boottime.h"
#include "tests/unit/fence/rig.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Timeouts of a second, as short as they come: nothing here waits for one to run out. */
#define W 1000
#define L 400

static int set_up(void **state)
{
    *state = rig_new();
    return 0;
}

static int tear_down(void **state)
{
    rig_free(*state);
    return 0;
}

static void kill_and_wait(pid_t pid)
{
    assert_true(pid > 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void arming_tells_the_timeout_in_force(void **state)
{
    struct rig *rig = *state;

    rig_arm(rig, W, L);
    assert_true(rig->is_armed);
    assert_int_equal(rig->timeout_ms, W);
    assert_int_equal(feeding_watchdog(rig->feeding).ms, W);
}

static void a_lease_that_goes_on_is_fed(void **state)
{
    struct rig *rig = *state;
    int before;

    rig_arm(rig, W, L);
    before = rig->feeds;
    rig_run(rig, 300);
    assert_true(rig->feeds >= before + 3);
    assert_int_equal(rig->resets, 0);
}

static void nothing_is_fed_after_the_told_instant(void **state)
{
    struct rig *rig = *state;
    int fed;

    rig_arm(rig, W, 800);
    rig->is_leased = false;
    /* Not alive either, but not long enough to be killed for it: the lease ends first. */
    feeding_feed(rig->feeding, (struct instant){rig->until_ms = boottime_now().ms + 200});
    rig_run(rig, 250);
    fed = rig->feeds;
    assert_true(rig->fed_ms <= rig->until_ms);
    feeding_feed(rig->feeding, INSTANT_UNKNOWN);
    rig_run(rig, 400);
    assert_int_equal(rig->feeds, fed);
    assert_int_equal(rig->resets, 0);
}

static void disarming_stops_the_counting(void **state)
{
    struct rig *rig = *state;

    rig_arm(rig, W, L);
    feeding_disarm(rig->feeding);
    rig_await(rig, FEEDING_DISARMED);
    rig_run(rig, 50);
    assert_false(rig->is_armed);
    assert_int_equal(rig->device_fd, -1);
}

static void a_killed_worker_is_replaced_and_goes_on_feeding(void **state)
{
    struct rig *rig = *state;
    pid_t worker;
    int feeds;

    rig_arm(rig, W, L);
    worker = rig_child_of(rig->keeper);
    assert_true(worker > 0);
    kill(worker, SIGKILL);
    rig_await_loss(rig);
    rig_await(rig, FEEDING_ARMED);
    feeds = rig->feeds;
    rig_run(rig, 200);
    assert_true(rig->feeds > feeds);
    assert_true(rig->device_fd >= 0);
    assert_int_equal(rig->disarms + rig->resets, 0);
    assert_int_not_equal(rig_child_of(rig->keeper), worker);
}

static void a_new_worker_feeds_without_an_agent_as_long_as_was_told(void **state)
{
    struct rig *rig = *state;

    rig_arm(rig, W, 900);
    rig->is_leased = false;
    feeding_feed(rig->feeding, (struct instant){rig->until_ms = boottime_now().ms + 500});
    rig_run(rig, 20);
    kill(rig_child_of(rig->keeper), SIGKILL);
    rig_run(rig, 600);
    assert_in_range(rig->fed_ms, rig->until_ms - 400, rig->until_ms);
}

static void a_killed_holder_is_replaced_by_the_worker(void **state)
{
    struct rig *rig = *state;
    pid_t worker;
    int feeds;

    rig_arm(rig, W, L);
    worker = rig_child_of(rig->keeper);
    kill_and_wait(rig->keeper);
    rig_await_loss(rig);
    rig_await(rig, FEEDING_ARMED);
    assert_true(rig_child_of(worker) > 0);
    feeds = rig->feeds;
    rig_run(rig, 200);
    assert_true(rig->feeds > feeds);
    assert_int_equal(rig->disarms + rig->resets, 0);
}

static void killed_over_and_over_it_resets_nothing(void **state)
{
    struct rig *rig = *state;
    pid_t holder = rig->keeper;

    rig_arm(rig, W, L);
    for (int i = 0; i < 6; i++) {
        pid_t worker = rig_child_of(holder);

        kill(i % 2 ? holder : worker, SIGKILL);
        if (i % 2)
            holder = worker;
        rig_await_loss(rig);
        rig_await(rig, FEEDING_ARMED);
    }
    assert_int_equal(rig->disarms + rig->resets, 0);
    assert_true(boottime_now().ms - rig->fed_ms < L);
}

static void a_fresh_keeper_takes_over_what_counts(void **state)
{
    struct rig *rig = *state;
    pid_t worker;

    rig_arm(rig, W, L);
    worker = rig_child_of(rig->keeper);
    kill(rig->keeper, SIGSTOP);
    kill(worker, SIGKILL);
    kill_and_wait(rig->keeper);
    rig_run(rig, 50);
    assert_true(rig->is_armed);
    rig_start_keeper(rig);
    rig_await_loss(rig);
    rig_await(rig, FEEDING_DISARMED);
    rig_arm(rig, W, L);
    rig_run(rig, 150);
    assert_true(boottime_now().ms - rig->fed_ms < L);
    assert_int_equal(rig->resets, 0);
}

static void condemned_resets_and_feeds_no_more(void **state)
{
    struct rig *rig = *state;
    int feeds;

    rig_arm(rig, W, L);
    feeding_condemn(rig->feeding, "fenced");
    rig_await(rig, FEEDING_CONDEMNED);
    rig_run(rig, 50);
    assert_int_equal(rig->resets, 1);
    feeds = rig->feeds;
    kill(rig_child_of(rig->keeper), SIGKILL);
    rig_await_loss(rig);
    rig_await(rig, FEEDING_CONDEMNED);
    rig_run(rig, 200);
    assert_int_equal(rig->feeds, feeds);
}

static void condemned_is_known_to_a_keeper_without_memory(void **state)
{
    struct rig *rig = *state;
    pid_t worker;

    rig_arm(rig, W, L);
    feeding_condemn(rig->feeding, "fenced");
    rig_await(rig, FEEDING_CONDEMNED);
    feeding_free(rig->feeding);
    rig->feeding = feeding_new(rig->keeper_path);
    worker = rig_child_of(rig->keeper);
    kill(rig->keeper, SIGSTOP);
    kill(worker, SIGKILL);
    kill_and_wait(rig->keeper);
    rig_start_keeper(rig);
    rig_await(rig, FEEDING_CONDEMNED);
    feeding_arm(rig->feeding, rig->device, duration_ms(W), duration_ms(L));
    rig_run(rig, 50);
    assert_non_null(strstr(feeding_problem(rig->feeding), "fenced"));
}

static void condemned_while_the_keeper_was_away_is_told_it_later(void **state)
{
    struct rig *rig = *state;

    rig_await(rig, FEEDING_DISARMED);
    kill(rig->keeper, SIGTERM);
    waitpid(rig->keeper, NULL, 0);
    rig_await_loss(rig);
    feeding_condemn(rig->feeding, "fenced");
    rig_start_keeper(rig);
    rig_await(rig, FEEDING_CONDEMNED);
}

static void term_is_refused_while_armed(void **state)
{
    struct rig *rig = *state;

    rig_arm(rig, W, L);
    kill(rig->keeper, SIGTERM);
    rig_run(rig, 100);
    assert_int_equal(waitpid(rig->keeper, NULL, WNOHANG), 0);
    feeding_disarm(rig->feeding);
    rig_await(rig, FEEDING_DISARMED);
    kill(rig->keeper, SIGTERM);
    rig_run(rig, 200);
    assert_int_equal(waitpid(rig->keeper, NULL, WNOHANG), rig->keeper);
    assert_int_equal(access(rig->keeper_path, F_OK), -1);
}

static void a_second_keeper_waits_for_the_end_of_the_first(void **state)
{
    struct rig *rig = *state;
    pid_t first = rig->keeper;

    rig_await(rig, FEEDING_DISARMED);
    rig_start_keeper(rig);
    rig_run(rig, 50);
    assert_int_equal(rig_child_of(rig->keeper), 0);
    kill(first, SIGTERM);
    waitpid(first, NULL, 0);
    rig_await_loss(rig);
    rig_await(rig, FEEDING_DISARMED);
    assert_true(rig_child_of(rig->keeper) > 0);
}

/* The agent is a process of its own here, because it is going to be killed. */
static pid_t start_agent(struct rig *rig)
{
    pid_t agent = fork();

    assert_true(agent >= 0);
    if (agent > 0) {
        feeding_free(rig->feeding);
        rig->feeding = feeding_new("/nowhere");
        return agent;
    }
    signal(SIGALRM, SIG_DFL);
    alarm(10);
    close(rig->listen_fd);
    rig->listen_fd = -1;
    rig->feeding = feeding_new(rig->keeper_path);
    rig_arm(rig, W, L);
    for (;;)
        rig_run(rig, 1000);
}

static void an_agent_that_hangs_is_killed_after_its_lease(void **state)
{
    struct rig *rig = *state;
    struct instant stopped;
    int code = 0;
    pid_t agent = start_agent(rig);

    for (int i = 0; i < 100 && rig->feeds < 3; i++)
        rig_run(rig, 20);
    assert_true(rig->feeds >= 3);
    kill(agent, SIGSTOP);
    stopped = boottime_now();
    while (waitpid(agent, &code, WNOHANG) == 0 && boottime_now().ms - stopped.ms < 2 * L)
        rig_run(rig, 10);
    assert_true(WIFSIGNALED(code) && WTERMSIG(code) == SIGKILL);
    assert_in_range(boottime_now().ms - stopped.ms, L - 50, 2 * L);
    assert_true(rig->is_armed);
    assert_int_equal(rig->resets, 0);
}

/* It never comes to the new keeper, which has nothing to guard: five seconds are no hiccup then. */
static void an_agent_that_hung_before_this_keeper_began_is_killed(void **state)
{
    struct rig *rig = *state;
    int code = 0;
    pid_t agent = start_agent(rig);
    pid_t worker;
    struct instant began;

    for (int i = 0; i < 100 && rig->feeds < 3; i++)
        rig_run(rig, 20);
    worker = rig_child_of(rig->keeper);
    kill(agent, SIGSTOP);
    kill(rig->keeper, SIGSTOP);
    kill(worker, SIGKILL);
    kill_and_wait(rig->keeper);
    rig_start_keeper(rig);
    began = boottime_now();
    while (waitpid(agent, &code, WNOHANG) == 0 && boottime_now().ms - began.ms < 20000)
        rig_run(rig, 50);
    assert_true(WIFSIGNALED(code) && WTERMSIG(code) == SIGKILL);
}

static void a_keeper_that_was_away_too_long_resets(void **state)
{
    struct rig *rig = *state;
    pid_t worker;

    rig_arm(rig, W, 100);
    worker = rig_child_of(rig->keeper);
    kill(worker, SIGSTOP);
    rig_run(rig, W + 100 + 50);
    kill(worker, SIGCONT);
    rig_run(rig, 50);
    assert_int_equal(rig->resets, 1);
    assert_int_equal(feeding_state(rig->feeding), FEEDING_CONDEMNED);
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void says(int fd, const char *line, const char *expected)
{
    char answer[600] = "";
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    if (line)
        assert_int_equal(send(fd, line, strlen(line), MSG_NOSIGNAL), strlen(line));
    assert_int_equal(poll(&ready, 1, 30000), 1);
    assert_true(recv(fd, answer, sizeof(answer) - 1, 0) > 0);
    assert_non_null(strstr(answer, expected));
}

static void bad_lines_are_answered_and_change_nothing(void **state)
{
    struct rig *rig = *state;
    char lengthy[700];
    int fd;

    rig_await(rig, FEEDING_DISARMED);
    feeding_free(rig->feeding);
    rig->feeding = feeding_new("/nowhere");
    fd = connect_to(rig->keeper_path);
    says(fd, NULL, "disarmed\n");
    says(fd, "dance\n", "error unknown verb \"dance\"\n");
    says(fd, "arm 5000\n", "error arm needs");
    says(fd, "arm x 1 1 unix:/x\n", "error arm needs");
    says(fd, "arm 5000 2000 99999999999999 unix:/x\n", "refused ");
    says(fd, "feed 5\n", "error nothing is armed\n");
    says(fd, "feed 99999999999999999999999\n", "error feed needs UNTIL_MS\n");
    says(fd, "condemn\n", "error condemn needs a reason\n");
    says(fd, "disarm now\n", "error disarm takes no words\n");
    says(fd, "disarm\n", "disarmed\n");
    memset(lengthy, 'x', sizeof(lengthy));
    lengthy[sizeof(lengthy) - 1] = '\0';
    says(fd, lengthy, "error a line is at most");
    close(fd);
    assert_int_equal(rig->arms, 0);
}

static void there_is_one_agent_at_a_time(void **state)
{
    struct rig *rig = *state;
    int fd;

    rig_await(rig, FEEDING_DISARMED);
    fd = connect_to(rig->keeper_path);
    says(fd, NULL, "error there is an agent already\n");
    close(fd);
}

#define IN_A_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_RIG(arming_tells_the_timeout_in_force),
        IN_A_RIG(a_lease_that_goes_on_is_fed),
        IN_A_RIG(nothing_is_fed_after_the_told_instant),
        IN_A_RIG(disarming_stops_the_counting),
        IN_A_RIG(a_killed_worker_is_replaced_and_goes_on_feeding),
        IN_A_RIG(a_new_worker_feeds_without_an_agent_as_long_as_was_told),
        IN_A_RIG(a_killed_holder_is_replaced_by_the_worker),
        IN_A_RIG(killed_over_and_over_it_resets_nothing),
        IN_A_RIG(a_fresh_keeper_takes_over_what_counts),
        IN_A_RIG(condemned_resets_and_feeds_no_more),
        IN_A_RIG(condemned_is_known_to_a_keeper_without_memory),
        IN_A_RIG(condemned_while_the_keeper_was_away_is_told_it_later),
        IN_A_RIG(term_is_refused_while_armed),
        IN_A_RIG(a_second_keeper_waits_for_the_end_of_the_first),
        IN_A_RIG(an_agent_that_hangs_is_killed_after_its_lease),
        IN_A_RIG(an_agent_that_hung_before_this_keeper_began_is_killed),
        IN_A_RIG(a_keeper_that_was_away_too_long_resets),
        IN_A_RIG(bad_lines_are_answered_and_change_nothing),
        IN_A_RIG(there_is_one_agent_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
