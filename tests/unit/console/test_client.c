/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The far end of the socket: greetings, silence, long lines, and the watch that comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "console/client.h"
#include "console/screen/watch.h"
#include "ha/base/json.h"
#include "tests/fakes/fake_agent.h"
#include "tests/unit/console/scene.h"

static struct scene scene;

static int teardown(void **state)
{
    (void)state;
    scene_close(&scene);
    return 0;
}

static void refuse_to_open(const char *script, const char *words)
{
    enum control_exit code;
    struct err err;

    scene_open(&scene, script);
    assert_null(client_open(scene.socket, 200, &code, &err));
    assert_int_equal(code, CONTROL_EXIT_UNAVAILABLE);
    assert_non_null(strstr(err.text, words));
}

static void a_silent_agent_is_given_up(void **state)
{
    (void)state;
    refuse_to_open("hello -\n", "says nothing; it may be stuck");
}

static void another_protocol_is_refused(void **state)
{
    (void)state;
    refuse_to_open("hello {\"hello\":\"tenutod\",\"protocol\":2}\n",
                   "speaks protocol 2 and this program 1");
}

static void a_greeting_that_is_no_json_is_refused(void **state)
{
    (void)state;
    refuse_to_open("hello SSH-2.0-OpenSSH_9.2\n", "makes no sense (is the other end tenutod?)");
}

static void a_greeting_tells_node_cluster_and_version(void **state)
{
    enum control_exit code;
    struct client *client;

    (void)state;
    scene_open(&scene, "verb x\ndone {}\n");
    client = client_open(scene.socket, 30000, &code, NULL);
    assert_non_null(client);
    assert_string_equal(client_node(client), "alpha");
    assert_string_equal(client_cluster(client), "home");
    assert_string_equal(client_agent_version(client), "0.1.0");
    client_close(client);
}

/* A policy travels as one line of many kilobytes, in many pieces. */
static void a_long_line_arrives_whole(void **state)
{
    size_t length = 300000;
    static const char head[] = "verb x\nrow {\"t\":\"";
    char *script = calloc(1, length + 64), *at = script + sizeof(head) - 1;
    json_t *request = json_pack("{s:s, s:[]}", "verb", "x", "args"), *message = NULL;
    enum control_exit code;
    struct client *client;

    (void)state;
    memcpy(script, head, sizeof(head) - 1);
    memset(at, 'x', length);
    memcpy(at + length, "\"}\ndone {}\n", 12);
    scene_open(&scene, script);
    client = client_open(scene.socket, 30000, &code, NULL);
    assert_non_null(client);
    assert_true(client_send(client, request, NULL));
    assert_int_equal(client_next(client, 30000, &message, NULL), CLIENT_MESSAGE);
    assert_int_equal(strlen(json_text(json_object_get(message, "row"), "t", "")), length);
    json_decref(message);
    assert_int_equal(client_next(client, 30000, &message, NULL), CLIENT_MESSAGE);
    assert_true(json_flag(message, "done", false));
    json_decref(message);
    json_decref(request);
    client_close(client);
    free(script);
}

/* Steps until there is news other than nothing, for at most so many real milliseconds. */
static enum watch_news step_until_news(struct watch *watch, int64_t now_ms, int most_ms)
{
    const json_t *picture = NULL;

    for (int i = 0; i < most_ms / 10; i++) {
        enum watch_news news = watch_step(watch, now_ms, &picture);

        if (news != WATCH_NOTHING)
            return news;
        usleep(10000);
    }
    return WATCH_NOTHING;
}

static const char picture[] = "verb watch\nrow {\"status\":{},\"nodes\":[]}\n";

static void a_watch_comes_back_when_the_agent_does(void **state)
{
    struct watch *watch;

    (void)state;
    scene_open(&scene, NULL);
    watch = watch_new(scene.socket);
    assert_int_equal(step_until_news(watch, 1000, 100), WATCH_AWAY);
    assert_non_null(strstr(watch_words(watch), "no agent answers"));
    scene.agent = fake_agent_start(scene.socket, picture);
    /* Not before its time: it does not hammer at the door. */
    assert_int_equal(step_until_news(watch, 1500, 50), WATCH_NOTHING);
    assert_int_equal(watch_due_ms(watch), 2000);
    assert_int_equal(step_until_news(watch, 2000, 30000), WATCH_PICTURE);
    fake_agent_stop(scene.agent, scene.socket);
    scene.agent = 0;
    assert_int_equal(step_until_news(watch, 3000, 30000), WATCH_AWAY);
    watch_free(watch);
}

static void a_stuck_agent_is_asked_and_then_given_up(void **state)
{
    struct watch *watch;
    char log[128];

    (void)state;
    scene_open(&scene, picture);
    watch = watch_new(scene.socket);
    assert_int_equal(step_until_news(watch, 1000, 30000), WATCH_PICTURE);
    assert_int_equal(step_until_news(watch, 3999, 50), WATCH_NOTHING);
    assert_int_equal(step_until_news(watch, 4000, 50), WATCH_NOTHING);
    snprintf(log, sizeof(log), "%s.log", scene.socket);
    assert_non_null(strstr(scene_read(log), "cluster status"));
    assert_int_equal(step_until_news(watch, 7000, 50), WATCH_AWAY);
    assert_non_null(strstr(watch_words(watch), "is there but has been silent"));
    watch_free(watch);
}

static void an_agent_that_refuses_to_be_watched_says_why(void **state)
{
    struct watch *watch;

    (void)state;
    scene_open(&scene, "verb watch\nerror {\"error\":\"too many watch\",\"code\":1}\n");
    watch = watch_new(scene.socket);
    assert_int_equal(step_until_news(watch, 1000, 30000), WATCH_AWAY);
    assert_string_equal(watch_words(watch), "too many watch");
    watch_free(watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_silent_agent_is_given_up, teardown),
        cmocka_unit_test_teardown(another_protocol_is_refused, teardown),
        cmocka_unit_test_teardown(a_greeting_that_is_no_json_is_refused, teardown),
        cmocka_unit_test_teardown(a_greeting_tells_node_cluster_and_version, teardown),
        cmocka_unit_test_teardown(a_long_line_arrives_whole, teardown),
        cmocka_unit_test_teardown(a_watch_comes_back_when_the_agent_does, teardown),
        cmocka_unit_test_teardown(a_stuck_agent_is_asked_and_then_given_up, teardown),
        cmocka_unit_test_teardown(an_agent_that_refuses_to_be_watched_says_why, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
