/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control socket with real clients on it: their lines, their limits, and how they go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agentd/agent.h"
#include "agentd/audit.h"
#include "agentd/control_server.h"
#include "agentd/current.h"
#include "agentd/follow.h"
#include "agentd/leaving.h"
#include "agentd/requests.h"
#include "agentd/verbs.h"
#include "agentd/verdict.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "tests/unit/agentd/stage.h"

/* What the rest of the agent was asked; the verb "echo" answers, "flood" never stops. */
static struct {
    int n_verbs, n_forgotten, n_snapshots, n_answered;
    int n_forgotten_while_answering;
    struct session *last;
} asked;

const char *agent_node(const struct agent *agent)
{
    (void)agent;
    return "alpha";
}

void verdict_forget(struct agent *agent, const struct session *session)
{
    (void)agent, (void)session;
}

void requests_forget(struct agent *agent, struct session *session)
{
    (void)agent;
    asked.n_forgotten += session == asked.last;
}

void audit_answered(struct agent *agent, const struct session *session, int64_t reply_to,
                    const json_t *line)
{
    (void)agent;
    (void)session;
    (void)reply_to;
    asked.n_answered += json_flag(line, "done", false) || json_text(line, "error", NULL);
}

void audit_forget(struct agent *agent, const struct session *session)
{
    (void)agent;
    (void)session;
}

void follow_forget(struct agent *agent, const struct session *session)
{
    (void)agent;
    (void)session;
}

void leaving_forget(struct agent *agent, const struct session *session)
{
    (void)agent;
    (void)session;
}

void current_forget(struct agent *agent, const struct session *session)
{
    (void)agent, (void)session;
}

void verbs_forget(struct agent *agent, const struct session *session)
{
    (void)agent;
    (void)session;
}

json_t *verb_snapshot(struct agent *agent)
{
    (void)agent;
    return json_pack("{s:i}", "now", ++asked.n_snapshots);
}

static void flood(struct session *session, int64_t id)
{
    char *text = malloc(1 << 20);

    memset(text, 'x', (1 << 20) - 1);
    text[(1 << 20) - 1] = '\0';
    for (int i = 0; i < 40; i++)
        session_row(session, id, json_string(text));
    asked.n_forgotten_while_answering = asked.n_forgotten;
    free(text);
}

void verb_run(struct agent *agent, struct session *session, const json_t *request)
{
    const char *verb = json_text(request, "verb", "");
    int64_t id = json_int(request, "id", 0);

    (void)agent;
    asked.n_verbs++;
    asked.last = session;
    if (strcmp(verb, "watch") == 0)
        session_watch(session, id);
    else if (strcmp(verb, "flood") == 0)
        flood(session, id);
    else
        session_done(session, id, NULL);
}

struct scene {
    struct stage stage;
    struct agent agent;
    char path[128];
};

static void open_scene(struct scene *scene)
{
    struct err err = {{0}};

    memset(&asked, 0, sizeof(asked));
    stage_open(&scene->stage);
    memset(&scene->agent, 0, sizeof(scene->agent));
    scene->agent.loop = scene->stage.loop;
    snprintf(scene->path, sizeof(scene->path), "%s", stage_path(&scene->stage, "control.sock"));
    scene->agent.control = control_new(&scene->agent, scene->path, &err);
    if (!scene->agent.control)
        fail_msg("%s", err.text);
}

static void close_scene(struct scene *scene)
{
    control_free(scene->agent.control);
    stage_close(&scene->stage);
}

static int call(const struct scene *scene)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(text_copy(address.sun_path, sizeof(address.sun_path), scene->path));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* All that came until now, as text; "" and is_over when the agent has hung up. */
static const char *hear(const struct scene *scene, int fd, bool *is_over)
{
    static char text[65536];
    size_t length = 0;
    ssize_t got;

    stage_run_for(&scene->stage, 30);
    while ((got = recv(fd, text + length, sizeof(text) - 1 - length, MSG_DONTWAIT)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    if (is_over)
        *is_over = got == 0 || (got < 0 && errno == ECONNRESET);
    return text;
}

static void a_client_is_greeted_with_protocol_and_role(void **state)
{
    struct scene scene;
    const char *hello;
    int fd;

    (void)state;
    open_scene(&scene);
    fd = call(&scene);
    hello = hear(&scene, fd, NULL);
    assert_non_null(strstr(hello, "\"hello\":\"tenutod\""));
    assert_non_null(strstr(hello, "\"protocol\":1"));
    assert_non_null(strstr(hello, geteuid() == 0 ? "\"role\":\"admin\"" : "\"role\":\"viewer\""));
    close(fd);
    close_scene(&scene);
}

static void who_asks_is_known_by_the_kernels_word(void **state)
{
    struct scene scene;
    const struct peer *peer;
    int fd;

    (void)state;
    open_scene(&scene);
    fd = call(&scene);
    say(fd, "{\"verb\":\"echo\",\"id\":1,\"author\":\"nobody\",\"uid\":12345}\n");
    hear(&scene, fd, NULL);
    assert_int_equal(asked.n_verbs, 1);
    assert_int_equal(asked.n_answered, 1);
    peer = session_peer(asked.last);
    assert_int_equal(peer->uid, geteuid());
    assert_int_equal(peer->pid, getpid());
    assert_string_equal(peer->program, program_invocation_short_name);
    assert_true(geteuid() != 0 || strcmp(peer->user, "root") == 0);
    close(fd);
    close_scene(&scene);
}

static void a_line_may_come_in_pieces_and_two_at_once(void **state)
{
    struct scene scene;
    const char *text;
    int fd;

    (void)state;
    open_scene(&scene);
    fd = call(&scene);
    hear(&scene, fd, NULL);
    say(fd, "{\"verb\":\"echo\",");
    assert_string_equal(hear(&scene, fd, NULL), "");
    say(fd, "\"id\":1}\n\n{\"verb\":\"echo\",\"id\":2}\n{\"verb\"");
    text = hear(&scene, fd, NULL);
    assert_non_null(strstr(text, "\"id\":1"));
    assert_non_null(strstr(strstr(text, "\"id\":1"), "\"id\":2"));
    assert_int_equal(asked.n_verbs, 2);
    close(fd);
    close_scene(&scene);
}

static void a_line_that_cannot_be_read_is_answered_and_the_next_one_served(void **state)
{
    static const char *const rubbish[] = {"nonsense\n", "[1]\n", "{\"id\":1,\"id\":2}\n",
                                          "\"\xff\"\n"};
    struct scene scene;
    bool is_over;
    int fd;

    (void)state;
    open_scene(&scene);
    fd = call(&scene);
    hear(&scene, fd, NULL);
    for (size_t i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++) {
        say(fd, rubbish[i]);
        assert_non_null(strstr(hear(&scene, fd, &is_over), "\"code\":64"));
        assert_false(is_over);
    }
    assert_int_equal(asked.n_verbs, 0);
    say(fd, "{\"verb\":\"echo\",\"id\":9}\n");
    assert_non_null(strstr(hear(&scene, fd, NULL), "\"id\":9"));
    close(fd);
    close_scene(&scene);
}

static void who_hangs_up_is_forgotten(void **state)
{
    struct scene scene;
    int fd;

    (void)state;
    open_scene(&scene);
    fd = call(&scene);
    say(fd, "{\"verb\":\"watch\",\"id\":1}\n");
    hear(&scene, fd, NULL);
    close(fd);
    stage_run_for(&scene.stage, 30);
    assert_int_equal(asked.n_forgotten, 1);
    control_changed(scene.agent.control);
    stage_run_for(&scene.stage, 200);
    assert_int_equal(asked.n_snapshots, 1);
    close_scene(&scene);
}

static void many_changes_at_once_are_one_snapshot_for_a_watcher(void **state)
{
    struct scene scene;
    int fd;

    (void)state;
    open_scene(&scene);
    fd = call(&scene);
    say(fd, "{\"verb\":\"watch\",\"id\":1}\n");
    hear(&scene, fd, NULL);
    for (int i = 0; i < 100; i++)
        control_changed(scene.agent.control);
    stage_run_for(&scene.stage, 250);
    assert_int_equal(asked.n_snapshots, 2);
    say(fd, "{\"verb\":\"cancel\",\"args\":[\"1\"],\"id\":2}\n");
    assert_non_null(strstr(hear(&scene, fd, NULL), "\"id\":2"));
    control_changed(scene.agent.control);
    stage_run_for(&scene.stage, 250);
    assert_int_equal(asked.n_snapshots, 2);
    close(fd);
    close_scene(&scene);
}

static void who_does_not_read_is_let_go(void **state)
{
    struct scene scene;
    int fd, other;

    (void)state;
    open_scene(&scene);
    fd = call(&scene);
    other = call(&scene);
    say(fd, "{\"verb\":\"flood\",\"id\":1}\n");
    assert_true(stage_run(&scene.stage, &asked.n_forgotten, 1));
    say(other, "{\"verb\":\"echo\",\"id\":3}\n");
    assert_non_null(strstr(hear(&scene, other, NULL), "\"id\":3"));
    close(fd);
    close(other);
    close_scene(&scene);
}

/* Whoever answers goes through its own list of those who wait: nothing of that may go meanwhile. */
static void who_goes_while_he_is_answered_is_forgotten_afterwards(void **state)
{
    struct scene scene;
    int fd;

    (void)state;
    open_scene(&scene);
    fd = call(&scene);
    hear(&scene, fd, NULL);
    say(fd, "{\"verb\":\"flood\",\"id\":1}\n");
    close(fd);
    assert_true(stage_run(&scene.stage, &asked.n_forgotten, 1));
    assert_int_equal(asked.n_verbs, 1);
    assert_int_equal(asked.n_forgotten_while_answering, 0);
    close_scene(&scene);
}

static void one_client_too_many_is_told_so(void **state)
{
    struct scene scene;
    int fds[CONTROL_CLIENTS_MAX], late;
    bool is_over;

    (void)state;
    open_scene(&scene);
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        fds[i] = call(&scene);
        stage_run_for(&scene.stage, 2);
    }
    late = call(&scene);
    assert_non_null(strstr(hear(&scene, late, &is_over), "\"code\":69"));
    assert_true(is_over);
    close(late);
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
        close(fds[i]);
    stage_run_for(&scene.stage, 30);
    late = call(&scene);
    assert_non_null(strstr(hear(&scene, late, NULL), "hello"));
    close(late);
    close_scene(&scene);
}

static void a_line_without_an_end_ends_the_session(void **state)
{
    struct scene scene;
    char *bytes = malloc(1 << 20);
    struct timeval patience = {.tv_usec = 1000};
    bool is_over = false;
    int fd;

    (void)state;
    memset(bytes, 'x', 1 << 20);
    open_scene(&scene);
    fd = call(&scene);
    hear(&scene, fd, NULL);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    for (ssize_t sent = 0, more; sent <= CONTROL_LINE_MAX; sent += more > 0 ? more : 0) {
        more = send(fd, bytes, 1 << 20, MSG_NOSIGNAL);
        stage_run_for(&scene.stage, 5);
    }
    hear(&scene, fd, &is_over);
    assert_true(is_over);
    assert_int_equal(asked.n_verbs, 0);
    close(fd);
    free(bytes);
    close_scene(&scene);
}

static void only_one_agent_listens_and_a_dead_ones_socket_is_taken(void **state)
{
    struct scene scene;
    struct err err = {{0}};
    int dead;
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)state;
    open_scene(&scene);
    assert_null(control_new(&scene.agent, scene.path, &err));
    assert_non_null(strstr(err.text, "another tenutod"));
    control_free(scene.agent.control);
    dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(text_copy(address.sun_path, sizeof(address.sun_path), scene.path));
    assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
    close(dead);
    scene.agent.control = control_new(&scene.agent, scene.path, &err);
    assert_non_null(scene.agent.control);
    close_scene(&scene);
}

static int count_turns(sd_event_source *source, void *context)
{
    (void)source;
    ++*(int *)context;
    return 0;
}

static void each_request_leaves_the_agent_its_turn(void **state)
{
    struct scene scene;
    int n_turns = 0, fd;

    (void)state;
    open_scene(&scene);
    fd = call(&scene);
    hear(&scene, fd, NULL);
    sd_event_add_post(scene.agent.loop, NULL, count_turns, &n_turns);
    for (int i = 0; i < 50; i++)
        say(fd, "{\"verb\":\"echo\",\"id\":7}\n");
    stage_run_for(&scene.stage, 100);
    assert_int_equal(asked.n_verbs, 50);
    assert_true(n_turns >= 50);
    close(fd);
    close_scene(&scene);
}

static void what_was_there_is_left_as_it_was(void **state)
{
    struct scene scene;
    struct err err = {{0}};
    struct stat status;

    (void)state;
    open_scene(&scene);
    assert_int_equal(mkdir(stage_path(&scene.stage, "shared"), 0777), 0);
    assert_int_equal(chmod(stage_path(&scene.stage, "shared"), 01777), 0);
    stage_write(&scene.stage, "shared/notes", "precious", 0600);
    assert_null(control_new(&scene.agent, stage_path(&scene.stage, "shared/notes"), &err));
    assert_string_equal(stage_read(&scene.stage, "shared/notes"), "precious");
    assert_int_equal(stat(stage_path(&scene.stage, "shared"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 01777);
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_is_greeted_with_protocol_and_role),
        cmocka_unit_test(who_asks_is_known_by_the_kernels_word),
        cmocka_unit_test(a_line_may_come_in_pieces_and_two_at_once),
        cmocka_unit_test(a_line_that_cannot_be_read_is_answered_and_the_next_one_served),
        cmocka_unit_test(who_hangs_up_is_forgotten),
        cmocka_unit_test(many_changes_at_once_are_one_snapshot_for_a_watcher),
        cmocka_unit_test(who_does_not_read_is_let_go),
        cmocka_unit_test(who_goes_while_he_is_answered_is_forgotten_afterwards),
        cmocka_unit_test(one_client_too_many_is_told_so),
        cmocka_unit_test(a_line_without_an_end_ends_the_session),
        cmocka_unit_test(only_one_agent_listens_and_a_dead_ones_socket_is_taken),
        cmocka_unit_test(each_request_leaves_the_agent_its_turn),
        cmocka_unit_test(what_was_there_is_left_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
