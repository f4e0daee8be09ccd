/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The agents of a machine, as people ask for them, and in a check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agentd/control.h"
#include "tests/unit/console/scene.h"

static void write_agent(struct scene *scene, const char *folder, const char *name,
                        const char *inside)
{
    char command[256], path[128], text[2048];

    snprintf(command, sizeof(command), "mkdir -p %s/%s", scene->folder, folder);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    snprintf(text, sizeof(text), "#!/bin/sh\ncat <<END\n<resource-agent>%s</resource-agent>\nEND\n",
             inside);
    assert_int_equal(chmod(scene_write(scene, path, text), 0755), 0);
}

static void write_agents(struct scene *scene)
{
    write_agent(scene, "ocf/resource.d/example", "web",
                "<shortdesc>serves pages</shortdesc><longdesc>Serves\nthem.</longdesc><parameters>"
                "<parameter name='ip' required='1'><shortdesc>where</shortdesc></parameter>"
                "<parameter name='port'><content type='integer' default='80'/></parameter>"
                "</parameters><actions><action name='start' timeout='20s'/>"
                "<action name='stop' timeout='20s'/>"
                "<action name='monitor' timeout='20s' interval='10s'/></actions>");
    write_agent(scene, "sbin", "fence_plug", "<shortdesc>pulls plugs</shortdesc>");
    write_agent(scene, "ocf/resource.d/example", "broken", "<parameters>");
}

static void agents_are_listed_by_what_they_are_called(void **state)
{
    static struct scene scene;

    (void)state;
    scene_open(&scene, NULL);
    assert_int_equal(scene_run(&scene, "agents"), CONTROL_EXIT_FAILED);
    assert_non_null(strstr(scene.err, "no agents are installed on this machine"));
    write_agents(&scene);
    assert_int_equal(scene_run(&scene, "agents"), CONTROL_EXIT_OK);
    assert_string_equal(scene.out, "AGENT           ABOUT\n"
                                   "example:broken  line 1 of its description: mismatched tag\n"
                                   "example:web     serves pages\n"
                                   "fence_plug      pulls plugs\n");
    assert_int_equal(scene_run(&scene, "agents WEB"), CONTROL_EXIT_OK);
    assert_string_equal(scene.out, "AGENT        ABOUT\n"
                                   "example:web  serves pages\n");
    assert_int_equal(scene_run(&scene, "agents fence_*"), CONTROL_EXIT_OK);
    assert_string_equal(scene.out, "AGENT       ABOUT\n"
                                   "fence_plug  pulls plugs\n");
    assert_int_equal(scene_run(&scene, "agents nobody"), CONTROL_EXIT_FAILED);
    assert_non_null(strstr(scene.err, "no agent here is called anything like it"));
    scene_close(&scene);
}

static void an_agent_is_shown_as_a_page(void **state)
{
    static struct scene scene;

    (void)state;
    scene_open(&scene, NULL);
    write_agents(&scene);
    assert_int_equal(scene_run(&scene, "agents show ocf:example:web"), CONTROL_EXIT_OK);
    assert_string_equal(scene.out, "example:web: serves pages\n\n"
                                   "Serves\nthem.\n\n"
                                   "PARAMETER  TYPE    WITHOUT IT  ABOUT\n"
                                   "ip         text    (needed)    where\n"
                                   "port       number  80          -\n\n"
                                   "actions, and how long each should be given at least:\n"
                                   "start 20s, stop 20s, monitor 20s every 10s\n");
    assert_int_equal(scene_run(&scene, "agents show web --json"), CONTROL_EXIT_OK);
    assert_string_equal(
        scene.out, "{\"about\":\"where\",\"needed\":true,\"parameter\":\"ip\",\"story\":\"\","
                   "\"type\":\"text\"}\n"
                   "{\"about\":\"\",\"default\":\"80\",\"needed\":false,\"parameter\":\"port\","
                   "\"story\":\"\",\"type\":\"number\"}\n");
    scene_close(&scene);
}

static void who_is_not_there_is_said_with_who_is(void **state)
{
    static struct scene scene;

    (void)state;
    scene_open(&scene, NULL);
    write_agents(&scene);
    assert_int_equal(scene_run(&scene, "agents show example:wep"), CONTROL_EXIT_FAILED);
    assert_non_null(strstr(scene.err, "no agent \"example:wep\" is installed on this machine"));
    assert_non_null(strstr(scene.err, "did you mean \"example:web\"?"));
    assert_int_equal(scene_run(&scene, "agents show fence_plu"), CONTROL_EXIT_FAILED);
    assert_non_null(strstr(scene.err, "did you mean \"fence_plug\"?"));
    assert_int_equal(scene_run(&scene, "agents show broken"), CONTROL_EXIT_FAILED);
    assert_non_null(strstr(scene.err, "example:broken does not say what it takes"));
    scene_close(&scene);
}

#define FRAME                                                                                      \
    "cluster home { network lan }\nnode alpha { address 10.0.0.1 }\n"                              \
    "node beta { address 10.0.0.2 }\nnode gamma { address 10.0.0.3 }\n"                            \
    "fencing { watchdog 5s }\n"

static void a_check_knows_the_agents(void **state)
{
    static struct scene scene;
    char words[160];

    (void)state;
    scene_open(&scene, NULL);
    write_agents(&scene);
    snprintf(words, sizeof(words), "policy check %s",
             scene_write(&scene, "wrong.tenuto",
                         FRAME "service ocf:web { agent example:web; set ip a; set prot 1 }\n"));
    assert_int_equal(scene_run(&scene, words), CONTROL_EXIT_FAILED);
    assert_non_null(strstr(scene.out, "error[T0253]: agent example:web has no parameter \"prot\""));
    /* What it would survive is said of policies that may be pushed. */
    assert_null(strstr(scene.out, "survives"));
    scene_close(&scene);
}

static void what_is_installed_elsewhere_fails_no_check(void **state)
{
    static struct scene scene;
    char words[160];

    (void)state;
    scene_open(&scene, NULL);
    write_agents(&scene);
    snprintf(words, sizeof(words), "policy check %s",
             scene_write(&scene, "far.tenuto",
                         FRAME "service ocf:web { agent far:thing; set prot 1 }\n"));
    assert_int_equal(scene_run(&scene, words), CONTROL_EXIT_OK);
    assert_non_null(strstr(scene.out, "info[T0250]: agent far:thing is not installed here"));
    assert_non_null(strstr(scene.out, "far.tenuto: right\n"));
    assert_non_null(strstr(scene.out, "survives the loss of any 1 node"));
    scene_close(&scene);
}

/* With no agent listening, only a policy that is refused before it is sent ends otherwise. */
static void a_push_is_refused_here_already(void **state)
{
    static struct scene scene;
    char words[160];

    (void)state;
    scene_open(&scene, NULL);
    write_agents(&scene);
    snprintf(words, sizeof(words), "policy push %s",
             scene_write(&scene, "wrong.tenuto",
                         FRAME "service ocf:web { agent example:web; set port high }\n"));
    assert_int_equal(scene_run(&scene, words), CONTROL_EXIT_FAILED);
    assert_non_null(strstr(scene.err, "2 errors in the policy; nothing was sent"));
    snprintf(words, sizeof(words), "policy push %s",
             scene_write(&scene, "right.tenuto",
                         FRAME "service ocf:web { agent example:web; set ip a }\n"));
    assert_int_equal(scene_run(&scene, words), CONTROL_EXIT_UNAVAILABLE);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agents_are_listed_by_what_they_are_called),
        cmocka_unit_test(an_agent_is_shown_as_a_page),
        cmocka_unit_test(who_is_not_there_is_said_with_who_is),
        cmocka_unit_test(a_check_knows_the_agents),
        cmocka_unit_test(what_is_installed_elsewhere_fails_no_check),
        cmocka_unit_test(a_push_is_refused_here_already),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
