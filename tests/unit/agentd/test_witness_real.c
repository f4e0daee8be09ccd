/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates of a witness on a node's disk, by the real tools; and what is in the way of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agentd/witness.h"
#include "ha/base/arena.h"
#include "ha/base/program.h"
#include "stage.h"

static struct stage stage;
static struct err err;

static int set_up(void **state)
{
    (void)state;
    stage_open(&stage);
    err.text[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stage_close(&stage);
    return 0;
}

static bool shell(const char *script)
{
    char line[4096];
    const char *const argv[] = {"sh", "-c", line, NULL};

    snprintf(line, sizeof(line), "cd '%s' && %s", stage.directory, script);
    return program_run(argv, 60, NULL, &err) ? true : (fprintf(stderr, "%s\n", err.text), false);
}

/* An authority and a cluster's key that it signed, as a witness and the first node make them. */
static void make_bundle(void)
{
    static const char script[] =
        "mkdir ca own && : >pw && head -c 64 /dev/urandom >noise && "
        "certutil -N -d ca -f pw && "
        "printf 'y\\n0\\ny\\n' | certutil -S -n 'QNet CA' -s 'CN=QNet CA' -x -t CT,, -m 101 -d ca "
        "-z noise -f pw -2 >/dev/null && "
        "certutil -L -d ca -n 'QNet CA' -r >ca.der && "
        "certutil -N -d own -f pw && certutil -R -s CN=home -o request -d own -f pw -z noise && "
        "certutil -C -m 102 -i request -o cert -c 'QNet CA' -d ca -f pw && "
        "certutil -A -t CT,c,c -n 'QNet CA' -i ca.der -d own -f pw && "
        "certutil -A -t u,u,u -n 'Cluster Cert' -i cert -d own -f pw && "
        "pk12util -o p12 -d own -n 'Cluster Cert' -k pw -W '' && "
        "printf '{\"ca\":\"%s\",\"host\":\"10.0.0.9\",\"p12\":\"%s\"}' $(base64 -w0 ca.der) "
        "$(base64 -w0 p12) >bundle";

    assert_true(shell(script));
}

static void certificates_come_as_a_whole_or_not_at_all(void **state)
{
    char folder[128], *bundle, *cut;

    (void)state;
    make_bundle();
    bundle = xstrdup(stage_read(&stage, "bundle"));
    snprintf(folder, sizeof(folder), "%s/etc/qdevice/net", stage.directory);
    assert_false(witness_is_there(folder));

    /* Of half a bundle nothing is left. */
    cut = xstrdup("{\"ca\":\"aGVsbG8=\",\"host\":\"10.0.0.9\",\"p12\":\"aGVsbG8=\"}");
    assert_false(witness_install(folder, cut, &err));
    assert_non_null(strstr(err.text, "certutil failed"));
    assert_false(witness_is_there(folder));
    assert_true(shell("test -z \"$(ls etc/qdevice/net)\""));
    assert_false(witness_install(folder, "{\"host\":\"10.0.0.9\"}", &err));
    assert_non_null(strstr(err.text, "tenuto witness remove"));

    assert_true(witness_install(folder, bundle, &err));
    assert_true(witness_is_installed(folder, bundle));
    assert_false(witness_is_installed(folder, cut));
    /* The names that corosync-qdevice looks for, and a key that belongs to the certificate. */
    assert_true(shell("certutil -V -d etc/qdevice/net/nssdb -n 'Cluster Cert' -u C -f pw"));
    assert_true(shell("certutil -K -d etc/qdevice/net/nssdb -n 'Cluster Cert' -f pw"));
    assert_true(shell("test $(stat -c %a etc/qdevice/net/nssdb) = 700"));
    assert_false(stage_has(&stage, "etc/qdevice/net/nssdb/key.p12"));

    /* What is there already is left alone; what cannot be read leaves it as it is. */
    assert_true(shell("rm etc/qdevice/net/nssdb/cert9.db"));
    assert_true(witness_install(folder, bundle, &err));
    assert_false(stage_has(&stage, "etc/qdevice/net/nssdb/cert9.db"));
    assert_false(witness_install(folder, cut, &err));
    assert_true(witness_is_installed(folder, bundle));
    assert_true(shell("test \"$(ls etc/qdevice/net)\" = nssdb"));

    /* An agent was killed at it, and another bundle takes the place of the first. */
    assert_true(shell("mkdir etc/qdevice/net/nssdb.tenuto-1 && >etc/qdevice/net/nssdb.tenuto-1/x"));

    memcpy(strstr(bundle, "10.0.0.9"), "10.0.0.8", 8);
    assert_true(witness_install(folder, bundle, &err));
    assert_true(stage_has(&stage, "etc/qdevice/net/nssdb/cert9.db"));
    assert_true(shell("test \"$(ls etc/qdevice/net)\" = nssdb"));
    free(bundle);
    free(cut);
}

static void a_witness_that_goes_takes_its_key_along(void **state)
{
    char folder[128], path[512], *before = xstrdup(getenv("PATH"));

    (void)state;
    snprintf(folder, sizeof(folder), "%s/net", stage.directory);
    snprintf(path, sizeof(path), "%s:%s", stage.directory, before);
    assert_true(shell("mkdir -p net/nssdb && echo x >net/nssdb/tenuto-bundle"));
    stage_write(&stage, "systemctl", "#!/bin/sh\necho no such unit >&2\nexit 1\n", 0755);
    assert_int_equal(setenv("PATH", path, 1), 0);
    assert_false(witness_remove(folder, &err));
    assert_string_equal(err.text, "systemctl failed: no such unit");
    assert_true(witness_is_there(folder));
    stage_write(&stage, "systemctl", "#!/bin/sh\necho \"$*\" >>\"$0.asked\"\n", 0755);
    assert_true(witness_remove(folder, &err));
    assert_false(stage_has(&stage, "net/nssdb"));
    assert_true(witness_start(false, &err));
    setenv("PATH", before, 1);
    assert_string_equal(stage_read(&stage, "systemctl.asked"), "disable --now corosync-qdevice\n"

                                                               "enable --now corosync-qdevice\n");
    free(before);
}

/* 127.0.0.77: nobody else listens there. */
static void a_witness_has_to_answer_on_its_port(void **state)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)strtol(WITNESS_PORT, NULL, 10)),
                                        .sin_addr.s_addr = htonl(0x7f00004d)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    (void)state;
    assert_false(witness_reach("127.0.0.77", &err));
    assert_non_null(strstr(err.text, "does not answer on port 5403 (Connection refused)"));
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_true(witness_reach("127.0.0.77", &err));
    close(fd);
    assert_false(witness_reach("no such host", &err));
    assert_non_null(strstr(err.text, "the witness no such host has no address here"));
}

static void a_program_is_ended_when_it_takes_too_long(void **state)
{
    static const char *const slow[] = {"sh", "-c", "echo begun; sleep 60", NULL};
    static const char *const none[] = {"/nowhere/at/all", NULL};
    static const char *const bad[] = {"sh", "-c", "echo one; echo two >&2; exit 3", NULL};
    char buffer[64] = "";
    struct text output;

    (void)state;
    text_init(&output, buffer, sizeof(buffer));
    assert_false(program_run(slow, 1, &output, &err));
    assert_string_equal(err.text, "sh was not done after 1 s");
    assert_string_equal(buffer, "begun\n");
    assert_false(program_run(none, 5, NULL, &err));
    assert_string_equal(err.text, "cannot run /nowhere/at/all: No such file or directory");
    assert_false(program_run(bad, 5, NULL, &err));
    assert_string_equal(err.text, "sh failed: two");
}

static void states_are_told_in_words(void **state)
{
    (void)state;
    for (int here = WITNESS_NONE; here <= WITNESS_VOTES; here++)
        assert_int_equal(witness_of_word(witness_word((enum witness_here)here)), here);
    assert_int_equal(witness_of_word("of a later version"), WITNESS_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(certificates_come_as_a_whole_or_not_at_all, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_witness_that_goes_takes_its_key_along, set_up, tear_down),
        cmocka_unit_test(a_witness_has_to_answer_on_its_port),
        cmocka_unit_test(a_program_is_ended_when_it_takes_too_long),
        cmocka_unit_test(states_are_told_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
